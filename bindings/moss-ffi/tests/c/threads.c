/* Many threads on one handle, and a handle that is freed under them. */
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

enum { THREADS = 8, ROUNDS = 200 };

static MossClient *client;
static MossSession *session;
static atomic_int arrived, refused;

/* Adds, finds, reads and deletes documents of its own; the others' must not disturb. */
static void *work(void *number) {
    int me = (int)(intptr_t)number;
    for (int round = 0; round < ROUNDS; round++) {
        char id[32];
        snprintf(id, sizeof id, "t%d-%d", me, round);
        add_point(session, id, "shared words", (float)me, 1);
        float vector[] = {(float)me, 1};
        MossQueryOptions options = {.top_k = 3, .alpha = 0.5f, .embedding = vector, .embedding_dim = 2};
        MossSearchResult *found = NULL;
        GIVES(OK, moss_session_query(session, "shared", &options, &found));
        CHECK(found->doc_count >= 1 && found->docs[0].score > 0);
        moss_free_search_result(found);
        const char *ids[] = {id, "nobody"};
        MossDocumentInfo *docs = NULL;
        uintptr_t count = 0;
        GIVES(OK, moss_session_get_docs(session, ids, 2, &docs, &count));
        CHECK(count == 1 && strcmp(docs[0].id, id) == 0 && docs[0].embedding[0] == (float)me);
        moss_free_documents(docs, count);
        if (round % 2 == 0) {
            uintptr_t deleted = 0;
            GIVES(OK, moss_session_delete_docs(session, ids, 1, &deleted));
            CHECK(deleted == 1);
        }
        /* Every thread has its own last error. */
        MossSession *none = NULL;
        MossSessionOptions odd = {.model_id = id};
        GIVES(ErrInvalidArgument, moss_client_session(client, "s", &odd, &none));
        CHECK(strstr(moss_last_error(), id) != NULL);
    }
    return NULL;
}

/* Calls until the session is gone. */
static void *until_freed(void *unused) {
    (void)unused;
    atomic_fetch_add(&arrived, 1);
    for (;;) {
        float vector[] = {1, 1};
        MossQueryOptions options = {.top_k = 100, .alpha = 1, .embedding = vector, .embedding_dim = 2};
        MossSearchResult *found = NULL;
        MossResult result = moss_session_query(session, "", &options, &found);
        if (result == ErrClosed) {
            CHECK(found == NULL);
            atomic_fetch_add(&refused, 1);
            return NULL;
        }
        CHECK(result == OK && found->doc_count == 100);
        moss_free_search_result(found);
    }
}

static void *push(void *unused) {
    (void)unused;
    for (int i = 0; i < 5; i++) {
        MossPushIndexResult *pushed = NULL;
        GIVES(OK, moss_session_push_index(session, &pushed));
        moss_free_push_index_result(pushed);
    }
    return NULL;
}

static void run(int count, void *(*body)(void *), pthread_t *threads) {
    for (int i = 0; i < count; i++) {
        CHECK(pthread_create(&threads[i], NULL, body, (void *)(intptr_t)(i + 1)) == 0);
    }
}

int main(void) {
    char *folder = make_folder();
    client = open_client(folder);
    session = open_custom(client, "s");
    pthread_t workers[THREADS], pusher;
    run(THREADS, work, workers);
    run(1, push, &pusher);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i], NULL);
    }
    pthread_join(pusher, NULL);
    CHECK(moss_session_doc_count(session) == THREADS * ROUNDS / 2);
    MossPushIndexResult *pushed = NULL;
    GIVES(OK, moss_session_push_index(session, &pushed));
    CHECK(pushed->doc_count == THREADS * ROUNDS / 2);
    moss_free_push_index_result(pushed);

    run(THREADS, until_freed, workers);
    while (atomic_load(&arrived) < THREADS) {
    }
    moss_session_free(session);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i], NULL);
    }
    CHECK(atomic_load(&refused) == THREADS);
    moss_client_free(client);
    remove_folder(folder);
    puts("threads: one session, and one that is freed under them");
    return 0;
}
