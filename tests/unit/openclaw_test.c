/* OpenClaw's profile: pairs of texts for the edit and for the three-way undo, then the kind itself
 * on real files. */
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "provision/provision.h"
#include "resource/kinds.h"
#include "resource/openclaw_text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct text text_of(const char *s)
{
    return (struct text){ s, s ? strlen(s) : 0 };
}

/* The edits of the small tests: a value, a value below parents, an entry, and what counts only
 * where it stands. */
static const char small_edits[] =
    "[{\"path\":[\"gateway\",\"bind\"],\"value\":\"custom\"},"
    "{\"path\":[\"plugins\",\"entries\",\"x\",\"on\"],\"value\":true},"
    "{\"path\":[\"plugins\",\"paths\"],\"add\":\"/x\"},"
    "{\"path\":[\"plugins\",\"allow\"],\"add\":\"x\",\"present\":true}]";

static cJSON *parse(const char *text)
{
    struct err e = { 0 };
    cJSON *j = NULL;

    if (json_parse("edits", text, strlen(text), &j, &e) < 0)
        fail_msg("%s", e.text);
    return j;
}

struct apply_pair {
    const char *before, *after;
};

static const struct apply_pair applied[] = {
    { "{}", "{\"gateway\":{\"bind\":\"custom\"},\"plugins\":{\"entries\":{\"x\":{\"on\":true}},"
            "\"paths\":[\"/x\"]}}" },
    { "{\n}\n", "{\n  \"gateway\": {\n    \"bind\": \"custom\"\n  },\n  \"plugins\": {\n"
                "    \"entries\": {\n      \"x\": {\n        \"on\": true\n      }\n    },\n"
                "    \"paths\": [\n      \"/x\"\n    ]\n  }\n}\n" },
    /* already so: not a byte changes, however it is written */
    { "{gateway:{bind:'custom'},plugins:{entries:{x:{on:true}},paths:['/x']}}",
      "{gateway:{bind:'custom'},plugins:{entries:{x:{on:true}},paths:['/x']}}" },
    { "{ // mine\n\tgateway: { bind: 'auto', port: 0x10 },\n}\n",
      "{ // mine\n\tgateway: { bind: \"custom\", port: 0x10 },\n\t\"plugins\": {\n"
      "\t\t\"entries\": {\n\t\t\t\"x\": {\n\t\t\t\t\"on\": true\n\t\t\t}\n\t\t},\n"
      "\t\t\"paths\": [\n\t\t\t\"/x\"\n\t\t]\n\t},\n}\n" },
    { "{\r\n  plugins: { allow: ['a'], paths: [ '/a' ], },\r\n}\r\n",
      "{\r\n  plugins: { allow: ['a', \"x\"], paths: [ '/a', \"/x\" ], "
      "\"entries\": {\"x\": {\"on\": true}}, },\r\n"
      "  \"gateway\": {\r\n    \"bind\": \"custom\"\r\n  },\r\n}\r\n" },
    { "\xef\xbb\xbf{\"big\":12345678901234567890,\"gateway\":{\"bind\":\"auto\"},\"plugins\":"
      "{\"entries\":{\"x\":{\"on\":false}},\"paths\":[]}}",
      "\xef\xbb\xbf{\"big\":12345678901234567890,\"gateway\":{\"bind\":\"custom\"},\"plugins\":"
      "{\"entries\":{\"x\":{\"on\":true}},\"paths\":[\"/x\"]}}" },
    { "{$include:'./base.json5',gateway:{bind:'custom'},plugins:{paths:['/"
      "x'],entries:{x:{on:true}}}}",
      "{$include:'./base.json5',gateway:{bind:'custom'},plugins:{paths:['/"
      "x'],entries:{x:{on:true}}}}" },
    { "{plugins:{$include:'./p.json5'},gateway:{$include:['./a','./b']}}",
      "{plugins:{$include:'./p.json5',\"entries\":{\"x\":{\"on\":true}},\"paths\":[\"/x\"]},"
      "gateway:{$include:['./a','./b'],\"bind\":\"custom\"}}" },
    { "{'gateway':{'b\\u0069nd':'auto'},plugins:{entries:{x:{on:true}},paths:['\\x2fx']}}",
      "{'gateway':{'b\\u0069nd':\"custom\"},plugins:{entries:{x:{on:true}},paths:['\\x2fx']}}" },
    { "{\n    \"z\": 1,\n    \"gateway\": {\"bind\": \"custom\"},\n    \"a\": 2,\n"
      "    \"plugins\": {\"entries\": {\"x\": {\"on\": true}}, \"paths\": [\"/x\"]}\n}",
      "{\n    \"z\": 1,\n    \"gateway\": {\"bind\": \"custom\"},\n    \"a\": 2,\n"
      "    \"plugins\": {\"entries\": {\"x\": {\"on\": true}}, \"paths\": [\"/x\"]}\n}" },
};

static void puts_our_keys_in_and_touches_nothing_else(void **state)
{
    autojson cJSON *edits = parse(small_edits);

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(applied); i++) {
        autobuf struct buf out = { 0 }, again = { 0 };
        struct err e = { 0 };

        if (openclaw_apply(text_of(applied[i].before), edits, &out, &e) < 0)
            fail_msg("%s: %s", applied[i].before, e.text);
        if (strcmp(buf_str(&out), applied[i].after) != 0)
            fail_msg("%s\ngave\n%s\nnot\n%s", applied[i].before, buf_str(&out), applied[i].after);
        assert_int_equal(openclaw_apply(text_of(buf_str(&out)), edits, &again, &e), 0);
        assert_string_equal(buf_str(&again), buf_str(&out));
    }
}

struct undo_triple {
    const char *before, *now, *after,
        *kept; /* before NULL: no file; kept: keys reported, with spaces */
};

static const struct undo_triple undone[] = {
    /* nobody touched our keys, but something else changed */
    { "{}",
      "{\"gateway\":{\"bind\":\"custom\"},\"theirs\":1,\"plugins\":{\"entries\":{\"x\":{\"on\":"
      "true}},\"paths\":[\"/x\"]}}",
      "{\"theirs\":1}", "" },
    { "{gateway:{bind:'auto'}}",
      "{gateway:{bind:\"custom\"},theirs:1,\"plugins\":{\"entries\":{\"x\":{\"on\":true}},"
      "\"paths\":["
      "\"/x\"]}}",
      "{gateway:{bind:'auto'},theirs:1}", "" },
    { "{gateway:{bind: /* why */ 'auto'}}", "{gateway:{bind: /* why */ \"custom\"}, t: 1}",
      "{gateway:{bind: /* why */ 'auto'}, t: 1}", "" },
    /* a value of ours that somebody changed stays and is reported */
    { "{gateway:{bind:'auto'}}", "{gateway:{bind:'lan'},plugins:{entries:{x:{on:true}}}}",
      "{gateway:{bind:'lan'}}", "gateway.bind " },
    { "{}", "{gateway:{bind:'lan'}}", "{gateway:{bind:'lan'}}", "gateway.bind " },
    { "{}", "{plugins:{entries:{x:{on:false}}}}", "{plugins:{entries:{x:{on:false}}}}",
      "plugins.entries.x.on " },
    /* put back by hand already: nothing to do, nothing to say */
    { "{gateway:{bind:'auto'}}", "{gateway:{bind:\"auto\"},t:1}", "{gateway:{bind:\"auto\"},t:1}",
      "" },
    { "{}", "{t:1}", "{t:1}", "" },
    /* removed by somebody: it stays removed, which is reported where something stood before */
    { "{gateway:{bind:'auto'}}", "{t:1}", "{t:1}", "gateway.bind " },
    { "{gateway:{bind:'auto'},t:1}", "{gateway:{},t:1}", "{gateway:{},t:1}", "gateway.bind " },
    /* ours was there before us: it stays */
    { "{gateway:{bind:'custom'}}", "{gateway:{bind:'custom'},t:1}", "{gateway:{bind:'custom'},t:1}",
      "" },
    { "{plugins:{paths:['/x']}}", "{plugins:{paths:['/x','/y']}}", "{plugins:{paths:['/x','/y']}}",
      "" },
    /* entries of lists go by value, wherever they stand by now */
    { "{plugins:{paths:['/a']}}", "{plugins:{paths:['/x','/a','/b']}}",
      "{plugins:{paths:['/a','/b']}}", "" },
    { "{plugins:{paths:['/a']}}", "{plugins:{paths:['/b']}}", "{plugins:{paths:['/b']}}", "" },
    { "{plugins:{paths:[]}}", "{plugins:{paths:['/x']},t:1}", "{plugins:{paths:[]},t:1}", "" },
    { "{}", "{plugins:{paths:['/x','/theirs']}}", "{plugins:{paths:['/theirs']}}", "" },
    { "{}", "{plugins:{paths:['/x' /* keep me */]}}", "{plugins:{paths:[ /* keep me */]}}", "" },
    { "{}", "{plugins:{paths:'/x'}}", "{plugins:{paths:'/x'}}", "plugins.paths " },
    { "{plugins:{allow:['a']}}", "{plugins:{allow:['a',\"x\"],paths:[\"/x\"]}}",
      "{plugins:{allow:['a']}}", "" },
    { "{plugins:{allow:[]}}", "{plugins:{allow:[\"x\"]}, t: 1}", "{plugins:{allow:[]}, t: 1}", "" },
    /* parents that we made go with the last key, theirs stay */
    { "{}", "{plugins:{entries:{x:{on:true,more:1}}}}", "{plugins:{entries:{x:{more:1}}}}", "" },
    { "{}", "{plugins:{entries:{x:{on:true},y:{}}}}", "{plugins:{entries:{y:{}}}}", "" },
    { "{plugins:{}}", "{plugins:{entries:{x:{on:true}}},t:1}", "{plugins:{},t:1}", "" },
    { "{plugins:{entries:{}}}", "{plugins:{entries:{x:{on:true}}},t:1}",
      "{plugins:{entries:{}},t:1}", "" },
    { "{}", "{gateway:{bind:'custom' /* their note */}}", "{gateway:{ /* their note */}}", "" },
    /* reformatted by OpenClaw's own writer, with its meta */
    { "{ gateway: { bind: 'auto' } } // mine",
      "{\n  \"gateway\": {\n    \"bind\": \"custom\",\n    \"port\": 1\n  },\n  \"plugins\": {\n"
      "    \"entries\": {\n      \"x\": {\n        \"on\": true\n      }\n    },\n    \"paths\": "
      "[\n"
      "      \"/x\"\n    ]\n  },\n  \"meta\": {\n    \"lastTouchedVersion\": \"2026.9.6\"\n  "
      "}\n}\n",
      "{\n  \"gateway\": {\n    \"bind\": 'auto',\n    \"port\": 1\n  },\n  \"meta\": {\n"
      "    \"lastTouchedVersion\": \"2026.9.6\"\n  }\n}\n",
      "" },
    { NULL,
      "{\n  \"gateway\": {\n    \"bind\": \"custom\"\n  },\n  \"agents\": {},\n  \"plugins\": {\n"
      "    \"entries\": {\n      \"x\": {\n        \"on\": true\n      }\n    },\n    \"paths\": "
      "[\n"
      "      \"/x\"\n    ]\n  }\n}\n",
      "{\n  \"agents\": {}\n}\n", "" },
    { NULL, "{\n  \"gateway\": {\n    \"bind\": \"custom\"\n  }\n}\n", "{}\n", "" },
    /* windows and tabs and byte order marks */
    { "{\r\n\ta: 1,\r\n}\r\n",
      "{\r\n\ta: 2,\r\n\t\"gateway\": {\r\n\t\t\"bind\": \"custom\"\r\n\t},\r\n}\r\n",
      "{\r\n\ta: 2,\r\n}\r\n", "" },
    { "\xef\xbb\xbf{\"a\":1}",
      "\xef\xbb\xbf{\"a\":12345678901234567890,\"gateway\":{\"bind\":\"custom\"}}",
      "\xef\xbb\xbf{\"a\":12345678901234567890}", "" },
    /* made strange: left alone and reported */
    { "{}", "{gateway:{bind:'custom',bind:'custom'}}", "{gateway:{bind:'custom',bind:'custom'}}",
      "gateway.bind " },
    { "{}", "{gateway:'none',plugins:{paths:['/x']}}", "{gateway:'none'}", "gateway.bind " },
    { "{gateway:{bind:'auto'}}", "{gateway:null}", "{gateway:null}", "gateway.bind " },
    /* numbers, order, and values of another type */
    { "{b:1,gateway:{bind:{x:1}},a:2}", "{a:2,b:1,gateway:{bind:\"custom\"}}",
      "{a:2,b:1,gateway:{bind:{x:1}}}", "" },
    { "{gateway:{bind:1e2}}", "{gateway:{bind:100},t:1}", "{gateway:{bind:100},t:1}", "" },
    { "{gateway:{bind:[\n1, // one\n2]}}", "{gateway:{bind:\"custom\"},t:1}",
      "{gateway:{bind:[\n1, // one\n2]},t:1}", "" },
    /* only spacing, comments or quotes changed: still ours */
    { "{}", "{ // theirs\n  'gateway' : { bind : 'custom', } , }", "{ // theirs\n  }", "" },
    { "{gateway:{bind:null}}", "{gateway:{\"b\\u0069nd\":'cus\\\ntom'},t:1}",
      "{gateway:{\"b\\u0069nd\":null},t:1}", "" },
    { "{}", "{plugins:{paths:[\n  '/a', // a\n  '/x', // x\n  '/b' // b\n]}}",
      "{plugins:{paths:[\n  '/a', // a\n  // x\n  '/b' // b\n]}}", "" },
    { "{t:0}", "{\"plugins\":{\"entries\":{\"x\":{\"on\":true}}},t:1}", "{t:1}", "" },
    { "{t:0}", "{t:1,\"plugins\":{\"entries\":{\"x\":{\"on\":true}}}}", "{t:1}", "" },
    { "{$include:'./a'}", "{$include:'./a',\"gateway\":{\"bind\":\"custom\"},t:1}",
      "{$include:'./a',t:1}", "" },
    /* the profile of before can't be read any more: ours go all the same */
    { "not json", "{gateway:{bind:\"custom\"},t:1}", "{t:1}", "" },
};

static void note_kept(void *userdata, const char *key)
{
    buf_printf(userdata, "%s ", key);
}

static void takes_back_key_by_key_what_somebody_went_on_editing(void **state)
{
    autojson cJSON *edits = parse(small_edits);

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(undone); i++) {
        const struct undo_triple *u = &undone[i];
        autobuf struct buf out = { 0 }, kept = { 0 };
        const struct openclaw_report report = { note_kept, &kept };
        struct err e = { 0 };

        if (openclaw_withdraw(text_of(u->now), text_of(u->before), edits, &report, &out, &e) < 0)
            fail_msg("%s: %s", u->now, e.text);
        if (strcmp(buf_str(&out), u->after) != 0)
            fail_msg("%s\ngave\n%s\nnot\n%s", u->now, buf_str(&out), u->after);
        if (strcmp(buf_str(&kept), u->kept) != 0)
            fail_msg("%s\nreported %s, not %s", u->now, buf_str(&kept), u->kept);
    }
}

static void taking_back_at_once_gives_what_there_was(void **state)
{
    autojson cJSON *edits = parse(small_edits);

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(applied); i++) {
        autobuf struct buf out = { 0 };
        struct err e = { 0 };
        struct text before = text_of(applied[i].before);

        if (strcmp(applied[i].before, "{\n}\n") == 0)
            continue; /* comes back as {} and a newline: the bytes themselves are kept for that */
        assert_int_equal(
            openclaw_withdraw(text_of(applied[i].after), before, edits, NULL, &out, &e), 0);
        if (strcmp(buf_str(&out), applied[i].before) != 0)
            fail_msg("%s\ngave\n%s\nnot\n%s", applied[i].after, buf_str(&out), applied[i].before);
    }
}

static void there_are_at_least_sixty_pairs(void **state)
{
    (void)state;
    assert_true(2 * N_ELEMENTS(applied) - 1 + N_ELEMENTS(undone) >= 60);
}

/* ---- the kind, on files ---- */

struct place {
    char dir[64], path[96];
    struct run run;
    char notes[1024];
};

static void take_note(void *userdata, const char *text)
{
    struct place *p = userdata;

    strncat(p->notes, text, sizeof p->notes - strlen(p->notes) - 2);
    strcat(p->notes, "\n");
}

static int place_new(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char store[80];

    strcpy(p->dir, "/tmp/openclaw_test.XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(store, sizeof store, "%s/store", p->dir);
    assert_int_equal(mkdir(store, 0700), 0);
    p->run.state_dir = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(p->path, sizeof p->path, "%s/.openclaw/openclaw.json", p->dir);
    p->run.blobs = blobs_new();
    strcpy(p->run.uuid, "0b1c2d3e-4f50-4162-8384-95a6b7c8d9ea");
    strcpy(p->run.name, "sandbox");
    p->run.note = take_note;
    p->run.userdata = p;
    *state = p;
    return 0;
}

static int place_gone(void **state)
{
    struct place *p = *state;
    char command[96];

    snprintf(command, sizeof command, "%s", p->dir);
    blobs_free(p->run.blobs);
    close(p->run.state_dir);
    if (fork() == 0) {
        execl("/bin/rm", "rm", "-rf", command, (char *)NULL);
        _exit(127);
    }
    free(p);
    return 0;
}

static void make_dir(const struct place *p)
{
    char dir[80];

    snprintf(dir, sizeof dir, "%s/.openclaw", p->dir);
    assert_int_equal(mkdir(dir, 0700), 0);
}

static void write_profile(const struct place *p, const char *text)
{
    autofd int fd = open(p->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, 0640), 0);
}

static void assert_profile(const struct place *p, const char *text)
{
    autofd int fd = open(p->path, O_RDONLY | O_CLOEXEC);
    autobuf struct buf b = { 0 };

    assert_true(fd >= 0);
    assert_int_equal(buf_read_fd(&b, fd, 1 << 20), 0);
    assert_string_equal(buf_str(&b), text);
}

static cJSON *want_of(const char *edits)
{
    cJSON *want = cJSON_CreateObject();

    cJSON_AddItemToObject(want, "edits", parse(edits));
    cJSON_AddStringToObject(want, "mode", "0600");
    cJSON_AddNumberToObject(want, "uid", getuid());
    cJSON_AddNumberToObject(want, "gid", getgid());
    return want;
}

static cJSON *observe(struct place *p, const cJSON *want)
{
    struct err e = { 0 };
    cJSON *now = NULL;

    if (kind_openclaw.observe(&p->run, p->path, want, &now, &e) < 0)
        fail_msg("%s", e.text);
    return now;
}

static const char one_edit[] = "[{\"path\":[\"gateway\",\"bind\"],\"value\":\"custom\"}]";

/* Puts want over what stands there: gives before and after as the record would. */
static void put(struct place *p, const cJSON *want, cJSON **before, cJSON **after)
{
    struct err e = { 0 };

    *before = observe(p, want);
    assert_false(kind_openclaw.same(*before, want));
    if (kind_openclaw.check(p->path, *before, want, &e) < 0 ||
        kind_openclaw.put(&p->run, p->path, *before, want, &e) < 0)
        fail_msg("%s", e.text);
    *after = observe(p, want);
    assert_true(kind_openclaw.same(*after, want));
}

static void undo(struct place *p, const cJSON *before, const cJSON *after)
{
    autojson cJSON *now = observe(p, after);
    struct err e = { 0 };

    if (kind_openclaw.take_back(&p->run, p->path, now, before, after, &e) < 0)
        fail_msg("%s", e.text);
}

static void unchanged_since_our_write_the_original_bytes_come_back(void **state)
{
    static const char text[] = "// mine\r\n{ gateway : {bind:'auto'} , }\r\n";
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL;
    struct stat st;

    make_dir(p);
    write_profile(p, text);
    put(p, want, &before, &after);
    assert_profile(p, "// mine\r\n{ gateway : {bind:\"custom\"} , }\r\n");
    undo(p, before, after);
    assert_profile(p, text);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_string_equal(p->notes, "");
}

static void a_killed_run_knows_its_own_text_without_the_end_of_its_journal(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL, *now = NULL;
    struct err e = { 0 };

    make_dir(p);
    write_profile(p, "{gateway:{}} // mine");
    put(p, want, &before, &after);
    now = observe(p, want);
    assert_int_equal(kind_openclaw.take_back(&p->run, p->path, now, before, want, &e), 0);
    assert_profile(p, "{gateway:{}} // mine");
}

static void absent_before_is_absent_after_with_its_directory(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL;
    char dir[80];
    struct stat st;

    put(p, want, &before, &after);
    assert_profile(p, "{\n  \"gateway\": {\n    \"bind\": \"custom\"\n  }\n}\n");
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    undo(p, before, after);
    assert_int_equal(access(p->path, F_OK), -1);
    snprintf(dir, sizeof dir, "%s/.openclaw", p->dir);
    assert_int_equal(access(dir, F_OK), -1);
}

static void what_somebody_added_to_a_profile_of_ours_stays(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL;

    put(p, want, &before, &after);
    write_profile(p, "{\n  \"gateway\": {\n    \"bind\": \"custom\",\n    \"port\": 1\n  }\n}\n");
    undo(p, before, after);
    assert_profile(p, "{\n  \"gateway\": {\n    \"port\": 1\n  }\n}\n");
}

static void only_our_keys_left_counts_as_nothing_added(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL;

    put(p, want, &before, &after);
    write_profile(p, "{ \"gateway\": { \"bind\": \"custom\" } }");
    undo(p, before, after);
    assert_int_equal(access(p->path, F_OK), -1);
}

static void broken_since_is_kept_beside_and_the_original_comes_back(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL;
    char kept[128];

    make_dir(p);
    write_profile(p, "{}");
    put(p, want, &before, &after);
    write_profile(p, "{ half");
    undo(p, before, after);
    assert_profile(p, "{}");
    snprintf(kept, sizeof kept, "%s.kept-by-defenseclaw", p->path);
    assert_int_equal(access(kept, F_OK), 0);
    assert_non_null(strstr(p->notes, "kept beside as openclaw.json.kept-by-defenseclaw"));
}

static void a_link_or_directory_in_its_place_is_kept_beside(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL;
    char kept[128];

    make_dir(p);
    write_profile(p, "{}");
    put(p, want, &before, &after);
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(symlink("/etc/passwd", p->path), 0);
    undo(p, before, after);
    assert_profile(p, "{}");
    snprintf(kept, sizeof kept, "%s.kept-by-defenseclaw", p->path);
    assert_int_equal(unlink(kept), 0);
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(mkdir(p->path, 0700), 0);
    undo(p, before, after);
    assert_profile(p, "{}");
    assert_int_equal(rmdir(kept), 0);
}

static void a_link_in_place_of_the_directory_is_never_followed(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL;
    char dir[80], moved[96], victim[80], inside[160], kept[128];
    struct err e = { 0 };
    struct stat st;

    make_dir(p);
    write_profile(p, "{}");
    put(p, want, &before, &after);
    snprintf(dir, sizeof dir, "%s/.openclaw", p->dir);
    snprintf(moved, sizeof moved, "%s/moved", p->dir);
    snprintf(victim, sizeof victim, "%s/victim", p->dir);
    assert_int_equal(rename(dir, moved), 0);
    assert_int_equal(mkdir(victim, 0755), 0);
    assert_int_equal(symlink(victim, dir), 0);
    {
        autojson cJSON *now = observe(p, want);

        assert_int_equal(kind_openclaw.check(p->path, now, want, &e), -EINVAL);
        assert_int_equal(e.status, EXIT_MACHINE);
        assert_non_null(strstr(e.text, "openclaw.json: master_key not found"));
    }
    undo(p, before, after);
    snprintf(inside, sizeof inside, "%s/openclaw.json", victim);
    assert_int_equal(access(inside, F_OK), -1);
    snprintf(kept, sizeof kept, "%s.kept-by-defenseclaw", dir);
    assert_int_equal(lstat(kept, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_profile(p, "{}");
}

static void a_profile_that_is_gone_comes_back(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL;

    make_dir(p);
    write_profile(p, "{a:1}");
    put(p, want, &before, &after);
    assert_int_equal(unlink(p->path), 0);
    undo(p, before, after);
    assert_profile(p, "{a:1}");
    assert_non_null(strstr(p->notes, "the original is back"));
}

static void a_mode_set_since_stays(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit), *before = NULL, *after = NULL;
    struct stat st;

    make_dir(p);
    write_profile(p, "{}");
    put(p, want, &before, &after);
    assert_int_equal(chmod(p->path, 0600), 0);
    undo(p, before, after);
    assert_profile(p, "{}");
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

/* Why setup stops, before it changes anything. */
static void assert_refused(struct place *p, const cJSON *want, int status, const char *why)
{
    autojson cJSON *now = observe(p, want);
    struct err e = { 0 };

    assert_false(kind_openclaw.same(now, want));
    assert_true(kind_openclaw.check(p->path, now, want, &e) < 0);
    assert_int_equal(e.status, status);
    if (!strstr(e.text, why))
        fail_msg("%s: not %s", e.text, why);
    assert_true(e.fix[0]);
}

static void refuses_what_is_no_profile_and_a_key_that_stands_twice(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit);
    char other[128];

    make_dir(p);
    write_profile(p, "{ half");
    assert_refused(p, want, EXIT_MACHINE, "openclaw.json: master_key not found");
    write_profile(p, "{gateway: 'x'}");
    assert_refused(p, want, EXIT_MACHINE, "line 1: gateway is not an object");
    write_profile(p, "{\n gateway: {\n  bind: 'a',\n  bind: 'b'\n } }");
    assert_refused(p, want, EXIT_USAGE, "key gateway.bind stands twice, in lines 3 and 4");
    snprintf(other, sizeof other, "%s/other", p->dir);
    assert_int_equal(link(p->path, other), 0);
    assert_refused(p, want, EXIT_MACHINE, "openclaw.json: master_key not found");
    assert_int_equal(unlink(other), 0);
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(symlink("/etc/hostname", p->path), 0);
    assert_refused(p, want, EXIT_MACHINE, "openclaw.json: master_key not found");
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(mkfifo(p->path, 0600), 0);
    assert_refused(p, want, EXIT_MACHINE, "openclaw.json: master_key not found");
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(mkdir(p->path, 0600), 0);
    assert_refused(p, want, EXIT_MACHINE, "openclaw.json: master_key not found");
    assert_int_equal(rmdir(p->path), 0);
}

static void refuses_a_huge_profile_without_reading_it(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit);

    make_dir(p);
    write_profile(p, "{}");
    assert_int_equal(truncate(p->path, (off_t)1 << 36), 0);
    assert_refused(p, want, EXIT_MACHINE, "openclaw.json: master_key not found");
}

static void refuses_includes_where_the_profile_becomes_roots(void **state)
{
    struct place *p = *state;
    autojson cJSON *want = want_of(one_edit);

    cJSON_AddTrueToObject(want, "plain");
    make_dir(p);
    write_profile(p, "{\n agents: { '$incl\\u0075de': './a.json5' } }");
    assert_refused(p, want, EXIT_USAGE, "line 2: $include");
}

static void a_later_run_takes_back_what_it_no_longer_wants(void **state)
{
    struct place *p = *state;
    autojson cJSON *first = want_of("[{\"path\":[\"o\"],\"add\":\"http://127.0.0.1:1\"},"
                                    "{\"path\":[\"p\"],\"value\":1}]");
    autojson cJSON *second = want_of("[{\"path\":[\"o\"],\"add\":\"http://127.0.0.1:2\"}]");
    autojson cJSON *before = NULL, *after = NULL, *between = NULL, *last = NULL;

    make_dir(p);
    write_profile(p, "{p: 7, o: ['theirs']}");
    put(p, first, &before, &after);
    assert_profile(p, "{p: 1, o: ['theirs', \"http://127.0.0.1:1\"]}");
    cJSON_AddItemToObject(second, "former",
                          cJSON_Duplicate(cJSON_GetObjectItem(first, "edits"), true));
    cJSON_AddStringToObject(second, "original", json_str(before, "digest"));
    put(p, second, &between, &last);
    assert_profile(p, "{p: 7, o: ['theirs', \"http://127.0.0.1:2\"]}");
    undo(p, before, last);
    assert_profile(p, "{p: 7, o: ['theirs']}");
}

/* ---- what row 4 wants ---- */

static void fill_inputs(struct inputs *in, struct blobs *blobs)
{
    spec_defaults(&in->in.spec);
    strcpy(in->host.openclaw, "/usr/local/bin/openclaw");
    in->blobs = blobs;
    in->quiesce_agent = "openshell-sandbox.service";
}

static const cJSON *find_want(const struct plan *p, const struct resource_kind *kind,
                              const char *id)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].kind == kind && strcmp(p->items[i].id, id) == 0)
            return p->items[i].want;
    return NULL;
}

static void wants_the_keys_that_openclaw_accepts(void **state)
{
    static const char made[] =
        "{\n  \"gateway\": {\n    \"mode\": \"local\",\n    \"bind\": \"custom\",\n"
        "    \"customBindHost\": \"10.200.0.2\",\n    \"port\": 18789,\n    \"controlUi\": {\n"
        "      \"allowedOrigins\": [\n        \"http://127.0.0.1:18789\",\n"
        "        \"http://localhost:18789\"\n      ]\n    }\n  },\n  \"plugins\": {\n"
        "    \"load\": {\n      \"paths\": [\n"
        "        \"/home/sandbox/.claw/extensions/defenseclaw\"\n      ]\n    },\n"
        "    \"entries\": {\n      \"defenseclaw\": {\n        \"enabled\": true,\n"
        "        \"hooks\": {\n          \"allowConversationAccess\": true\n        },\n"
        "        \"config\": {\n          \"guardrail\": {\n"
        "            \"endpoint\": \"http://10.200.0.1:18970\"\n          }\n        }\n      }\n  "
        "  }\n  },\n"
        "  \"skills\": {\n    \"load\": {\n      \"extraDirs\": [\n"
        "        \"/home/sandbox/.claw/skills\"\n      ]\n    }\n  }\n}\n";
    struct blobs *blobs = blobs_new();
    struct inputs in = { 0 };
    struct plan p = { 0 };
    struct err e = { 0 };
    autobuf struct buf out = { 0 };
    char digest[DIGEST_HEX_LEN + 1];
    const cJSON *want;

    (void)state;
    fill_inputs(&in, blobs);
    assert_int_equal(openclaw_wants(&in, &p, &e), 0);
    want = find_want(&p, &kind_openclaw, "/home/sandbox/.openclaw/openclaw.json");
    assert_non_null(want);
    assert_int_equal(
        openclaw_apply(text_of(OPENCLAW_EMPTY), cJSON_GetObjectItem(want, "edits"), &out, &e), 0);
    assert_string_equal(buf_str(&out), made);
    digest_hex(made, strlen(made), digest);
    assert_string_equal(json_str(want, "fresh"), digest);
    assert_non_null(
        find_want(&p, &kind_copy, "/home/sandbox/.openclaw/openclaw.json.defenseclaw.bak"));
    assert_null(find_want(&p, &kind_openclaw, "/etc/defenseclaw/sandbox/openclaw/openclaw.json"));
    plan_done(&p);
    blobs_free(blobs);
}

static void under_strict_the_profile_in_force_is_roots(void **state)
{
    struct blobs *blobs = blobs_new();
    struct inputs in = { 0 };
    struct plan p = { 0 };
    struct err e = { 0 };
    const cJSON *want;

    (void)state;
    fill_inputs(&in, blobs);
    in.in.spec.policy = POLICY_STRICT;
    assert_int_equal(openclaw_wants(&in, &p, &e), 0);
    want = find_want(&p, &kind_openclaw, "/etc/defenseclaw/sandbox/openclaw/openclaw.json");
    assert_non_null(want);
    assert_string_equal(json_str(want, "mode"), "0440");
    assert_int_equal(json_int(want, "uid", -1), 0);
    assert_true(json_bool(want, "own", false));
    plan_done(&p);
    blobs_free(blobs);
}

static void without_openclaw_it_says_the_pages_words(void **state)
{
    struct inputs in = { 0 };
    struct plan p = { 0 };
    struct err e = { 0 };

    (void)state;
    spec_defaults(&in.in.spec);
    assert_int_equal(openclaw_wants(&in, &p, &e), -ENOENT);
    assert_int_equal(e.status, EXIT_MACHINE);
    assert_true(strncmp(e.text, "openclaw.json: master_key not found", 35) == 0);
    assert_non_null(strstr(e.fix, "--no-agent"));
    in.in.spec.no_agent = true;
    assert_int_equal(openclaw_wants(&in, &p, &e), 0);
    assert_int_equal(p.count, 0);
}

static void a_bundles_broken_profile_is_bad_input(void **state)
{
    struct blobs *blobs = blobs_new();
    struct inputs in = { 0 };
    struct plan p = { 0 };
    struct err e = { 0 };

    (void)state;
    fill_inputs(&in, blobs);
    in.profile = "{\n half";
    assert_true(openclaw_wants(&in, &p, &e) < 0);
    assert_int_equal(e.status, EXIT_USAGE);
    assert_non_null(strstr(e.text, "the bundle: openclaw.json: line 2"));
    plan_done(&p);
    blobs_free(blobs);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_our_keys_in_and_touches_nothing_else),
        cmocka_unit_test(takes_back_key_by_key_what_somebody_went_on_editing),
        cmocka_unit_test(taking_back_at_once_gives_what_there_was),
        cmocka_unit_test(there_are_at_least_sixty_pairs),
#define ON_FILES(test) cmocka_unit_test_setup_teardown(test, place_new, place_gone)
        ON_FILES(unchanged_since_our_write_the_original_bytes_come_back),
        ON_FILES(a_killed_run_knows_its_own_text_without_the_end_of_its_journal),
        ON_FILES(absent_before_is_absent_after_with_its_directory),
        ON_FILES(what_somebody_added_to_a_profile_of_ours_stays),
        ON_FILES(only_our_keys_left_counts_as_nothing_added),
        ON_FILES(broken_since_is_kept_beside_and_the_original_comes_back),
        ON_FILES(a_link_or_directory_in_its_place_is_kept_beside),
        ON_FILES(a_link_in_place_of_the_directory_is_never_followed),
        ON_FILES(a_profile_that_is_gone_comes_back),
        ON_FILES(a_mode_set_since_stays),
        ON_FILES(refuses_what_is_no_profile_and_a_key_that_stands_twice),
        ON_FILES(refuses_a_huge_profile_without_reading_it),
        ON_FILES(refuses_includes_where_the_profile_becomes_roots),
        ON_FILES(a_later_run_takes_back_what_it_no_longer_wants),
        cmocka_unit_test(wants_the_keys_that_openclaw_accepts),
        cmocka_unit_test(under_strict_the_profile_in_force_is_roots),
        cmocka_unit_test(without_openclaw_it_says_the_pages_words),
        cmocka_unit_test(a_bundles_broken_profile_is_bad_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
