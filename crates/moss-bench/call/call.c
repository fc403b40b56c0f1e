/* The C side of the measurement; see README.md. */

#define _POSIX_C_SOURCE 200809L /* clock_gettime */

#include <libmoss.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UP = 2000, CALLS = 20000 };

static void check(MossResult result) {
    if (result != MOSS_OK) {
        fprintf(stderr, "%d: %s\n", (int)result, moss_last_error());
        exit(1);
    }
}

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return 1e6 * (double)time.tv_sec + 1e-3 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void) {
    MossClient *client;
    MossSession *session;
    check(moss_client_new("bench", "bench", &client));
    check(moss_client_session(client, "call", NULL, &session));
    const char *const id = "doc-7";
    MossDocumentInfo *asked;
    uintptr_t count;
    check(moss_session_get_docs(session, &id, 1, &asked, &count));

    static double times[CALLS];
    for (int call = -WARM_UP; call < CALLS; call++) {
        const double started = now_us();
        const MossQueryOptions options = {
            .top_k = 5, .alpha = 0.8f, .embedding = asked->embedding, .embedding_dim = asked->embedding_dim};
        MossSearchResult *found;
        check(moss_session_query(session, "refund", &options, &found));
        const uintptr_t docs = found->doc_count;
        moss_free_search_result(found);
        const double took = now_us() - started;
        if (docs != 5) {
            return 1;
        }
        if (call >= 0) {
            times[call] = took;
        }
    }
    qsort(times, CALLS, sizeof times[0], compare);
    printf("%-10s %8.2f us\n", "c", times[CALLS / 2]);
    moss_free_documents(asked, count);
    moss_session_free(session);
    moss_client_free(client);
    return 0;
}
