/* A session: add what was said, ask for what matters, push it under its name.
 *
 * Needs MOSS_PROJECT_ID and MOSS_PROJECT_KEY: any id and key; the store (MOSS_STORE, default ~/.moss/store) registers the
 * project on first use. Build and run:
 *
 *     cc session.c $(pkg-config --cflags --libs moss) -o session && ./session
 */
#include <libmoss.h>
#include <stdio.h>
#include <stdlib.h>

static void check(MossResult result, const char *what) {
    if (result != OK) {
        fprintf(stderr, "%s: %s (%d)\n", what, moss_last_error(), (int)result);
        exit(1);
    }
}

int main(void) {
    MossClient *client = NULL;
    check(moss_client_new(getenv("MOSS_PROJECT_ID"), getenv("MOSS_PROJECT_KEY"), &client), "client");
    MossSession *session = NULL;
    check(moss_client_session(client, "call-42", NULL, &session), "session");

    MossMetadataEntry customer = {.key = "speaker", .value = "customer"};
    MossMetadataEntry agent = {.key = "speaker", .value = "agent"};
    MossDocumentInfo turns[] = {
        {.id = "turn-1", .text = "I ordered a blender two weeks ago", .metadata = &customer, .metadata_count = 1},
        {.id = "turn-2", .text = "Could you give me the order number?", .metadata = &agent, .metadata_count = 1},
        {.id = "turn-3", .text = "It is 4417, and I want my money back", .metadata = &customer, .metadata_count = 1},
    };
    uintptr_t added = 0, updated = 0;
    check(moss_session_add_docs(session, turns, 3, NULL, &added, &updated), "add");
    printf("added %zu, updated %zu, now %zu\n", (size_t)added, (size_t)updated,
           (size_t)moss_session_doc_count(session));

    MossQueryOptions options = moss_query_options_default();
    options.top_k = 1;
    MossSearchResult *found = NULL;
    check(moss_session_query(session, "does the customer want a refund?", &options, &found), "query");
    for (uintptr_t i = 0; i < found->doc_count; i++) {
        printf("%.3f %s %s\n", found->docs[i].score, found->docs[i].id, found->docs[i].text);
    }
    moss_free_search_result(found);

    const char *unwanted[] = {"turn-2"};
    uintptr_t deleted = 0;
    check(moss_session_delete_docs(session, unwanted, 1, &deleted), "delete");
    MossDocumentInfo *docs = NULL;
    uintptr_t count = 0;
    check(moss_session_get_docs(session, NULL, 0, &docs, &count), "get");
    for (uintptr_t i = 0; i < count; i++) {
        printf("kept %s (%s=%s)\n", docs[i].id, docs[i].metadata[0].key, docs[i].metadata[0].value);
    }
    moss_free_documents(docs, count);

    MossPushIndexResult *pushed = NULL;
    check(moss_session_push_index(session, &pushed), "push");
    printf("pushed %s: %zu documents, %s\n", pushed->index_name, (size_t)pushed->doc_count, pushed->status);
    moss_free_push_index_result(pushed);

    moss_session_free(session);
    moss_client_free(client);
    return 0;
}
