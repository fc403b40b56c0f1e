/* Metadata filters: only documents that match are ranked. Needs MOSS_PROJECT_ID and MOSS_PROJECT_KEY, as session.c. */
#include <libmoss.h>
#include <stdio.h>
#include <stdlib.h>

static void check(MossResult result, const char *what) {
    if (result != OK) {
        fprintf(stderr, "%s: %s (%d)\n", what, moss_last_error(), (int)result);
        exit(1);
    }
}

static void ask(MossSession *session, const char *filter) {
    MossQueryOptions options = moss_query_options_default();
    options.filter_json = filter;
    MossSearchResult *found = NULL;
    check(moss_session_query(session, "running shoes", &options, &found), "query");
    printf("%s:", filter ? filter : "no filter");
    for (uintptr_t i = 0; i < found->doc_count; i++) {
        printf(" %s", found->docs[i].id);
    }
    printf("\n");
    moss_free_search_result(found);
}

int main(void) {
    MossClient *client = NULL;
    check(moss_client_new(getenv("MOSS_PROJECT_ID"), getenv("MOSS_PROJECT_KEY"), &client), "client");
    MossSession *session = NULL;
    check(moss_client_session(client, "shop-c", NULL, &session), "session");

    MossMetadataEntry trail[] = {{"city", "porto"}, {"price", "89"}};
    MossMetadataEntry road[] = {{"city", "lisbon"}, {"price", "129"}};
    MossMetadataEntry boots[] = {{"city", "porto"}, {"price", "159"}};
    MossDocumentInfo shoes[] = {
        {.id = "trail", .text = "Trail running shoes", .metadata = trail, .metadata_count = 2},
        {.id = "road", .text = "Road running shoes", .metadata = road, .metadata_count = 2},
        {.id = "boots", .text = "Winter boots", .metadata = boots, .metadata_count = 2},
    };
    uintptr_t added = 0, updated = 0;
    check(moss_session_add_docs(session, shoes, 3, NULL, &added, &updated), "add");

    ask(session, NULL);
    ask(session, "{\"field\": \"city\", \"condition\": {\"$eq\": \"porto\"}}");
    ask(session, "{\"$and\": [{\"field\": \"city\", \"condition\": {\"$eq\": \"porto\"}}, "
                 "{\"field\": \"price\", \"condition\": {\"$lt\": \"100\"}}]}");

    /* Without a question: every match, dearest first. */
    MossDocumentInfo *docs = NULL;
    uintptr_t count = 0;
    check(moss_session_get_docs_ex(session, NULL, 0, "{\"field\": \"price\", \"condition\": {\"$gte\": \"100\"}}", "price",
                                   false, NULL, NULL, &docs, &count),
          "get");
    for (uintptr_t i = 0; i < count; i++) {
        printf("%s costs %s\n", docs[i].id, docs[i].metadata[1].value);
    }
    moss_free_documents(docs, count);
    moss_session_free(session);
    moss_client_free(client);
    return 0;
}
