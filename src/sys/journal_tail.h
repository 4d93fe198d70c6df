/* What a unit said last: the only includer of <systemd/sd-journal.h>. */
#ifndef DEFENSECLAW_SYS_JOURNAL_TAIL_H
#define DEFENSECLAW_SYS_JOURNAL_TAIL_H

#include <stddef.h>

/* The last line of the unit's own processes in this boot's journal (else systemd's about it), as
 * one line of printable text. 0, -ENOENT when there is none or no journal. out is "" on failure. */
int journal_tail(const char *unit, char *out, size_t size);

#endif
