/* The C link of the chain; see README.md. */

#include <inttypes.h>
#include <libmoss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(MossResult result) {
    if (result != MOSS_OK) {
        fprintf(stderr, "%d: %s\n", (int)result, moss_last_error());
        exit(1);
    }
}

static void answer(MossSession *session) {
    const MossQueryOptions options = {.top_k = 10, .alpha = 1.0f};
    MossSearchResult *found;
    check(moss_session_query(session, "where is my parcel?", &options, &found));
    for (uintptr_t i = 0; i < found->doc_count; i++) {
        uint32_t bits;
        memcpy(&bits, &found->docs[i].score, sizeof bits);
        printf("%s %08" PRIx32 "\n", found->docs[i].id, bits);
    }
    moss_free_search_result(found);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: chain ID TEXT\n");
        return 2;
    }
    MossClient *client;
    MossSession *session;
    check(moss_client_new("chain", "chain", &client));
    check(moss_client_session(client, "chain", NULL, &session));
    printf("opened %" PRIuPTR "\n", moss_session_doc_count(session));
    answer(session);

    const MossDocumentInfo document = {.id = argv[1], .text = argv[2]};
    uintptr_t added, updated;
    check(moss_session_add_docs(session, &document, 1, NULL, &added, &updated));
    MossPushIndexResult *pushed;
    check(moss_session_push_index(session, &pushed));
    printf("pushed %" PRIuPTR "\n", pushed->doc_count);
    moss_free_push_index_result(pushed);
    answer(session);

    moss_session_free(session);
    moss_client_free(client);
    return 0;
}
