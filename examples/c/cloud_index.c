/* A cloud index: make it, change it, load it, ask it, delete it. Needs MOSS_PROJECT_ID and MOSS_PROJECT_KEY, as session.c. */
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

    MossDocumentInfo articles[] = {
        {.id = "shipping", .text = "Parcels arrive within three working days."},
        {.id = "refunds", .text = "Money is returned to your card within five days.", .payload = "{\"page\": 7}"},
    };
    MossMutationResult *made = NULL;
    check(moss_client_create_index(client, "help-c", articles, 2, NULL, &made), "create");
    MossJobStatusResponse *job = NULL;
    check(moss_client_get_job_status(client, made->job_id, &job), "job");
    printf("made %s of %zu documents: %s\n", made->index_name, (size_t)made->doc_count, job->status);
    moss_free_job_status_response(job);
    moss_free_mutation_result(made);

    MossIndexInfo *info = NULL;
    check(moss_client_load_index(client, "help-c", NULL, &info), "load");
    printf("loaded %s, %zu documents, model %s\n", info->name, (size_t)info->doc_count, info->model.id);
    moss_free_index_info(info);

    MossSearchResult *found = NULL;
    check(moss_client_query(client, "help-c", "how do I get my money back?", NULL, &found), "query");
    printf("best: %s, payload %s\n", found->docs[0].id, found->docs[0].payload);
    moss_free_search_result(found);

    MossDocumentInfo more[] = {{.id = "gifts", .text = "We wrap gifts for free."}};
    MossMutationResult *added = NULL;
    check(moss_client_add_docs(client, "help-c", more, 1, NULL, &added), "add");
    moss_free_mutation_result(added);
    const char *outdated[] = {"shipping"};
    MossMutationResult *removed = NULL;
    check(moss_client_delete_docs(client, "help-c", outdated, 1, &removed), "delete documents");
    moss_free_mutation_result(removed);
    MossRefreshResult *refreshed = NULL;
    check(moss_client_refresh_index(client, "help-c", &refreshed), "refresh");
    printf("refreshed: %s\n", refreshed->was_updated ? "yes" : "no");
    moss_free_refresh_result(refreshed);

    MossDocumentInfo *docs = NULL;
    uintptr_t count = 0;
    check(moss_client_get_docs(client, "help-c", NULL, 0, &docs, &count), "get");
    for (uintptr_t i = 0; i < count; i++) {
        printf("has %s\n", docs[i].id);
    }
    moss_free_documents(docs, count);

    check(moss_client_unload_index(client, "help-c"), "unload");
    bool deleted = false;
    check(moss_client_delete_index(client, "help-c", &deleted), "delete index");
    MossIndexInfo *left = NULL;
    check(moss_client_list_indexes(client, &left, &count), "list");
    printf("indexes left: %zu\n", (size_t)count);
    moss_free_index_info_list(left, count);
    moss_client_free(client);
    return 0;
}
