/* What the tests in C have in common: checks that name the place, and a folder of their own. */
#ifndef CHECK_H
#define CHECK_H

#include <libmoss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stops the program if `condition` does not hold. */
#define CHECK(condition)                                                                               \
    do {                                                                                               \
        if (!(condition)) {                                                                            \
            const char *last_error = moss_last_error();                                                \
            fprintf(stderr, "%s:%d: not so: %s (last error: %s)\n", __FILE__, __LINE__, #condition,    \
                    last_error ? last_error : "none");                                                 \
            exit(1);                                                                                   \
        }                                                                                              \
    } while (0)

/* Stops the program if the call does not give this result. */
#define GIVES(expected, call)                                                                          \
    do {                                                                                               \
        MossResult result_ = (call);                                                                   \
        if (result_ != (expected)) {                                                                       \
            const char *last_error = moss_last_error();                                                \
            fprintf(stderr, "%s:%d: expected %d, got %d (%s): %s\n", __FILE__, __LINE__,               \
                    (int)(expected), (int)result_, last_error ? last_error : "no message", #call);     \
            exit(1);                                                                                   \
        }                                                                                              \
    } while (0)

/* A new empty folder; the caller removes it with remove_folder. */
char *make_folder(void);
void remove_folder(char *folder);

/* `folder`/`name` on the heap. */
char *join_path(const char *folder, const char *name);

/* Where the store in `folder` is reached, on the heap: its path, or the URL of the service before it (scripts/through-service). */
char *base_url_of(const char *folder);

/* A client of the store in `folder`. */
MossClient *open_client(const char *folder);

/* A session of the model "custom", which needs no file. */
MossSession *open_custom(MossClient *client, const char *name);

/* Adds a document with the vector (x, y). */
void add_point(MossSession *session, const char *id, const char *text, float x, float y);

#endif
