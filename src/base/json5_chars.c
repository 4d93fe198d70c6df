#include "base/json5_chars.h"

#include <unictype.h>
#include <unistr.h>

uint32_t json5_char(const char *text, size_t len, size_t at, size_t *ret_len)
{
    ucs4_t c;
    int n;

    if (at >= len) {
        *ret_len = 0;
        return 0;
    }
    n = u8_mbtouc(&c, (const uint8_t *)text + at, len - at);
    *ret_len = (size_t)n;
    return c;
}

bool json5_is_newline(uint32_t c)
{
    return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

bool json5_is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    return c == 0xa0 || c == 0xfeff || json5_is_newline(c) ||
           uc_is_general_category(c, UC_SPACE_SEPARATOR);
}

bool json5_is_name_start(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
    return uc_is_property_id_start(c);
}

bool json5_is_name_part(uint32_t c)
{
    return json5_is_name_start(c) || (c >= '0' && c <= '9') || c == 0x200c || c == 0x200d ||
           (c >= 0x80 && uc_is_property_id_continue(c));
}

int json5_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
