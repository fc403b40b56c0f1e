/* The authenticator: asked on a thread of the library, answered from any, once, or not at all. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "check.h"

typedef struct Case {
    enum { AT_ONCE, FROM_ANOTHER_THREAD, WRONG_TOKEN, REFUSED, TWICE, NEVER, FREES_THE_CLIENT, FREES_BESIDE_ANOTHER } answer;
    pthread_t caller;
    MossClient *client;
    atomic_int asked;
    atomic_bool freed;
    atomic_bool freeing;
    atomic_bool other_is_done;
    atomic_bool is_free;
} Case;

static void *answer_later(void *id) {
    GIVES(OK, moss_resolve_auth_request((uint32_t)(uintptr_t)id, "key"));
    return NULL;
}

/* The first of two callbacks frees the client while the second still runs: both use the case until they return. */
static void free_beside_another(Case *test, int before) {
    if (before == 0) {
        while (atomic_load(&test->asked) < 2) {
            sched_yield();
        }
        atomic_store(&test->freeing, true);
        moss_client_free(test->client);
        CHECK(atomic_load(&test->other_is_done));
        atomic_store(&test->is_free, true);
        return;
    }
    while (!atomic_load(&test->freeing)) {
        sched_yield();
    }
    for (int i = 0; i < 10000; i++) {
        sched_yield();
    }
    atomic_store(&test->other_is_done, true);
}

static void notify(uint32_t id, void *user_data) {
    Case *test = user_data;
    CHECK(!atomic_load(&test->freed));
    CHECK(!pthread_equal(test->caller, pthread_self()));
    const int before = atomic_fetch_add(&test->asked, 1);
    pthread_t thread;
    switch (test->answer) {
    case AT_ONCE:
        GIVES(OK, moss_resolve_auth_request(id, "key"));
        break;
    case FROM_ANOTHER_THREAD:
        CHECK(pthread_create(&thread, NULL, answer_later, (void *)(uintptr_t)id) == 0);
        pthread_detach(thread);
        break;
    case WRONG_TOKEN:
        GIVES(OK, moss_resolve_auth_request(id, "another key"));
        break;
    case REFUSED:
        GIVES(OK, moss_reject_auth_request(id, "nobody is signed in"));
        break;
    case TWICE:
        GIVES(OK, moss_resolve_auth_request(id, "key"));
        GIVES(ErrInvalidArgument, moss_resolve_auth_request(id, "key"));
        GIVES(ErrInvalidArgument, moss_reject_auth_request(id, "too late"));
        break;
    case NEVER:
        break;
    case FREES_THE_CLIENT:
        moss_client_free(test->client);
        GIVES(ErrInvalidArgument, moss_resolve_auth_request(id, "key"));
        break;
    case FREES_BESIDE_ANOTHER:
        free_beside_another(test, before);
        break;
    }
}

static MossClient *open_asking(const char *folder, Case *test) {
    char *store = join_path(folder, "store");
    test->caller = pthread_self();
    GIVES(OK, moss_client_new_with_authenticator("project", notify, test, store, &test->client));
    free(store);
    return test->client;
}

static void answered(const char *folder, int answer, MossResult expected, const char *message) {
    Case test = {.answer = answer};
    MossClient *client = open_asking(folder, &test);
    CHECK(atomic_load(&test.asked) == 0);
    MossSessionOptions options = {.model_id = "custom"};
    MossSession *session = NULL;
    GIVES(expected, moss_client_session(client, "s", &options, &session));
    CHECK(atomic_load(&test.asked) == 1);
    if (expected == OK) {
        /* Every call of the cloud asks again. */
        MossPushIndexResult *pushed = NULL;
        GIVES(OK, moss_session_push_index(session, &pushed));
        moss_free_push_index_result(pushed);
        CHECK(atomic_load(&test.asked) == 2);
    } else {
        CHECK(session == NULL && strstr(moss_last_error(), message) != NULL);
    }
    moss_client_free(client);
    atomic_store(&test.freed, true);
    if (expected == OK) {
        /* A session outlives its client, but nobody can be asked for it any more. */
        MossPushIndexResult *pushed = NULL;
        GIVES(ErrAuth, moss_session_push_index(session, &pushed));
        CHECK(moss_session_doc_count(session) == 0);
        moss_session_free(session);
    }
}

/* Frees the client as soon as it was asked. */
static void *free_when_asked(void *user_data) {
    Case *test = user_data;
    while (atomic_load(&test->asked) == 0) {
    }
    moss_client_free(test->client);
    atomic_store(&test->freed, true);
    return NULL;
}

/* A call that waits for an answer ends when its client is freed, long before the 30 seconds. */
static void freed_while_asked(const char *folder) {
    Case test = {.answer = NEVER};
    MossClient *client = open_asking(folder, &test);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, free_when_asked, &test) == 0);
    MossIndexInfo *infos = NULL;
    uintptr_t count = 0;
    GIVES(ErrAuth, moss_client_list_indexes(client, &infos, &count));
    CHECK(strstr(moss_last_error(), "freed") != NULL);
    pthread_join(thread, NULL);
    GIVES(ErrClosed, moss_client_list_indexes(client, &infos, &count));
}

static void freed_by_the_callback(const char *folder) {
    Case test = {.answer = FREES_THE_CLIENT};
    MossClient *client = open_asking(folder, &test);
    MossIndexInfo *infos = NULL;
    uintptr_t count = 0;
    GIVES(ErrAuth, moss_client_list_indexes(client, &infos, &count));
    GIVES(ErrClosed, moss_client_list_indexes(client, &infos, &count));
}

static void *list_in_vain(void *client) {
    MossIndexInfo *infos = NULL;
    uintptr_t count = 0;
    GIVES(ErrAuth, moss_client_list_indexes(client, &infos, &count));
    return NULL;
}

static void freed_by_one_of_two_callbacks(const char *folder) {
    Case test = {.answer = FREES_BESIDE_ANOTHER};
    MossClient *client = open_asking(folder, &test);
    pthread_t callers[2];
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&callers[i], NULL, list_in_vain, client) == 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(callers[i], NULL);
    }
    /* The calls end before the callbacks do; the case is theirs until the client is freed. */
    while (!atomic_load(&test.is_free)) {
        sched_yield();
    }
}

enum { CALLERS = 8 };

static void *list(void *client) {
    for (int i = 0; i < 50; i++) {
        MossIndexInfo *infos = NULL;
        uintptr_t count = 0;
        GIVES(OK, moss_client_list_indexes(client, &infos, &count));
        moss_free_index_info_list(infos, count);
    }
    return NULL;
}

static void asked_by_many(const char *folder) {
    Case test = {.answer = FROM_ANOTHER_THREAD};
    MossClient *client = open_asking(folder, &test);
    pthread_t callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        CHECK(pthread_create(&callers[i], NULL, list, client) == 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i], NULL);
    }
    CHECK(atomic_load(&test.asked) == CALLERS * 50);
    moss_client_free(client);
}

int main(void) {
    char *folder = make_folder();
    GIVES(ErrInvalidArgument, moss_resolve_auth_request(77, "key"));
    answered(folder, AT_ONCE, OK, "");
    answered(folder, FROM_ANOTHER_THREAD, OK, "");
    answered(folder, TWICE, OK, "");
    answered(folder, WRONG_TOKEN, ErrAuth, "");
    answered(folder, REFUSED, ErrAuth, "nobody is signed in");
    freed_while_asked(folder);
    freed_by_the_callback(folder);
    freed_by_one_of_two_callbacks(folder);
    asked_by_many(folder);
    remove_folder(folder);
    puts("authenticator: asked and answered");
    return 0;
}
