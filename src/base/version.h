/* The version of both programs, as --version prints it. */
#ifndef DEFENSECLAW_BASE_VERSION_H
#define DEFENSECLAW_BASE_VERSION_H

#define DEFENSECLAW_VERSION "0.1.0"

#endif
