/* How a device proves its key to the gateway (port 18970, from inside the sandbox). Both programs
 * include this file and nothing of each other's.
 *
 *   GET /pair/challenge?device=ID
 *       200 {"nonce":"NONCE"}           ID as below; NONCE is base64url, used once, good for a minute
 *       400 {"error":"…"}               ID isn't 64 lower-case hex digits
 *   POST /pair   Content-Type: application/json, one object of exactly these five members:
 *       {"device":ID, "public_key":KEY, "nonce":NONCE, "signed_at":T, "signature":SIG}
 *       200 {"paired":true,"device":ID}
 *       400 {"paired":false,"error":"…"}  not that object
 *       401 {"paired":false,"error":"…"}  unknown key, stale or foreign nonce, wrong signature
 *
 * ID   hex SHA-256, lower case, of the 32-byte Ed25519 public key
 * KEY  that public key, base64url without padding (43 characters)
 * T    integer: seconds since 1970 when it was signed; at most PAIR_SKEW_S off the gateway's clock
 * SIG  base64url without padding (86 characters) of the Ed25519 signature over the bytes of
 *      PAIR_MESSAGE_FMT, NONCE being the text as it was given. */
#ifndef DEFENSECLAW_SPEC_PAIR_H
#define DEFENSECLAW_SPEC_PAIR_H

#define PAIR_CHALLENGE_PATH "/pair/challenge"
#define PAIR_PATH "/pair"
#define PAIR_MESSAGE_FMT "defenseclaw-pair/1|%s|%s|%lld" /* device, nonce, signed_at */
#define PAIR_MESSAGE_MAX 192                             /* bytes, with the terminator */

#define PAIR_DEVICE_LEN 64    /* hex digits of ID */
#define PAIR_PUBLIC_BYTES 32  /* raw public key */
#define PAIR_PUBLIC_LEN 43    /* its base64url */
#define PAIR_SIG_BYTES 64     /* raw signature */
#define PAIR_SIG_LEN 86       /* its base64url */
#define PAIR_NONCE_BYTES 24   /* raw nonce */
#define PAIR_NONCE_LEN 32     /* its base64url */
#define PAIR_SKEW_S 120       /* seconds signed_at may be off */
#define PAIR_NONCE_LIFE_S 60  /* seconds a nonce is good for */

#endif
