/* CRC-32 as gzip has it (RFC 1952). */
#ifndef DEFENSECLAW_SEED_ARCHIVE_CRC32_H
#define DEFENSECLAW_SEED_ARCHIVE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The sum of more bytes behind those already summed; begin with 0. */
uint32_t crc32_add(uint32_t crc, const void *data, size_t len);

#endif
