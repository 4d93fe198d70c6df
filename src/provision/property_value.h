/* How the text of an assignment becomes the value that the bus carries, type by type. */
#ifndef DEFENSECLAW_PROVISION_PROPERTY_VALUE_H
#define DEFENSECLAW_PROVISION_PROPERTY_VALUE_H

#include "provision/property.h"

struct property_form {
    const char *signature;              /* D-Bus */
    const char *how;                    /* how it is compared: see property_expected() */
    cJSON *(*parse)(const char *text);  /* what is sent; NULL when the text isn't of this type */
    cJSON *(*expect)(const char *text); /* what is read back, NULL: the same */
};

/* Never NULL for a type below PROPERTY_TYPE_COUNT. */
const struct property_form *property_form(enum property_type type);

#endif
