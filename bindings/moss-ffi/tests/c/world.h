/* One scenario: its folder, its variables, and its calls made through libmoss. */
#ifndef WORLD_H
#define WORLD_H

#include <cjson/cJSON.h>
#include <libmoss.h>

enum { MAX_HANDLES = 64 };

typedef struct World {
    char *folder;
    struct {
        const char *name;
        MossClient *client;
    } clients[MAX_HANDLES];
    struct {
        const char *name;
        MossSession *session;
    } sessions[MAX_HANDLES];
    int client_count;
    int session_count;
    /* Results kept by name, as JSON. */
    cJSON *kept;
} World;

/* What a call gave: a number, and one of a client, a session or JSON. */
typedef struct Outcome {
    MossResult result;
    MossClient *client;
    MossSession *session;
    cJSON *json;
} Outcome;

/* Makes a call of a scenario, like "s.query" or "damage". */
Outcome make_call(World *world, const char *call, const cJSON *args);

/* The calls of one kind of variable. */
Outcome call_client(World *world, MossClient *client, const char *call, const cJSON *args);
Outcome call_session(World *world, MossSession *session, const char *call, const cJSON *args);

#endif
