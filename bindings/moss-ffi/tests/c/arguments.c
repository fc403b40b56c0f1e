#include "arguments.h"

#include <stdlib.h>

#include "check.h"
#include "values.h"

const cJSON *argument(const cJSON *args, const char *name) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(args, name);
    return cJSON_IsNull(value) ? NULL : value;
}

const char *text_of(const cJSON *args, const char *name) {
    const cJSON *value = argument(args, name);
    if (value == NULL) {
        bad_scenario("no argument", name);
    }
    return as_text(value);
}

const char *optional_text_of(const cJSON *args, const char *name) {
    return argument(args, name) ? text_of(args, name) : NULL;
}

bool flag_of(const cJSON *args, const char *name, bool otherwise) {
    const cJSON *value = argument(args, name);
    return value ? cJSON_IsTrue(value) : otherwise;
}

/* Room for `count` items, and a pointer that is not NULL even for none. */
static void *room(uintptr_t count, size_t size) {
    void *items = calloc(count ? count : 1, size);
    CHECK(items != NULL);
    return items;
}

const char **texts_of(const cJSON *args, const char *name, uintptr_t *count) {
    const cJSON *list = argument(args, name);
    *count = (uintptr_t)cJSON_GetArraySize(list);
    if (list == NULL) {
        return NULL;
    }
    const char **texts = room(*count, sizeof *texts);
    uintptr_t at = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list) { texts[at++] = as_text(item); }
    return texts;
}

float *vector_of(const cJSON *args, uintptr_t *dim) {
    const cJSON *list = argument(args, "embedding");
    *dim = (uintptr_t)cJSON_GetArraySize(list);
    if (list == NULL) {
        return NULL;
    }
    float *vector = room(*dim, sizeof *vector);
    uintptr_t at = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list) { vector[at++] = as_float(item); }
    return vector;
}

MossDocumentInfo *documents_of(const cJSON *args, uintptr_t *count) {
    const cJSON *list = argument(args, "docs");
    *count = (uintptr_t)cJSON_GetArraySize(list);
    MossDocumentInfo *docs = room(*count, sizeof *docs);
    MossDocumentInfo *doc = docs;
    const cJSON *item;
    cJSON_ArrayForEach(item, list) {
        doc->id = (char *)text_of(item, "id");
        doc->text = (char *)text_of(item, "text");
        doc->payload = (char *)optional_text_of(item, "payload");
        doc->embedding = vector_of(item, &doc->embedding_dim);
        const cJSON *map = argument(item, "metadata");
        if (map != NULL) {
            doc->metadata = room((uintptr_t)cJSON_GetArraySize(map), sizeof *doc->metadata);
            const cJSON *field;
            cJSON_ArrayForEach(field, map) {
                doc->metadata[doc->metadata_count].key = field->string;
                doc->metadata[doc->metadata_count++].value = (char *)as_text(field);
            }
        }
        doc++;
    }
    return docs;
}

void free_documents_of(MossDocumentInfo *docs, uintptr_t count) {
    for (uintptr_t i = 0; i < count; i++) {
        free(docs[i].embedding);
        free(docs[i].metadata);
    }
    free(docs);
}

char *filter_of(const cJSON *args) {
    /* A filter of null is passed too. */
    const cJSON *filter = cJSON_GetObjectItemCaseSensitive(args, "filter");
    return filter ? cJSON_PrintUnformatted(filter) : NULL;
}

MossQueryOptions query_options_of(const cJSON *args) {
    MossQueryOptions options = moss_query_options_default();
    const cJSON *top_k = argument(args, "top_k");
    const cJSON *alpha = argument(args, "alpha");
    if (top_k != NULL) {
        options.top_k = (uintptr_t)top_k->valuedouble;
    }
    if (alpha != NULL) {
        options.alpha = as_float(alpha);
    }
    options.filter_json = filter_of(args);
    options.embedding = vector_of(args, &options.embedding_dim);
    return options;
}

static void add_text(cJSON *object, const char *name, const char *text) {
    if (text != NULL) {
        cJSON_AddStringToObject(object, name, text);
    } else {
        cJSON_AddNullToObject(object, name);
    }
}

static void add_metadata(cJSON *object, const MossMetadataEntry *entries, uintptr_t count) {
    if (entries == NULL) {
        CHECK(count == 0);
        cJSON_AddNullToObject(object, "metadata");
        return;
    }
    cJSON *map = cJSON_AddObjectToObject(object, "metadata");
    for (uintptr_t i = 0; i < count; i++) {
        cJSON_AddStringToObject(map, entries[i].key, entries[i].value);
    }
}

cJSON *documents_json(const MossDocumentInfo *docs, uintptr_t count) {
    cJSON *list = cJSON_CreateArray();
    for (uintptr_t i = 0; i < count; i++) {
        cJSON *doc = cJSON_CreateObject();
        add_text(doc, "id", docs[i].id);
        add_text(doc, "text", docs[i].text);
        add_metadata(doc, docs[i].metadata, docs[i].metadata_count);
        if (docs[i].embedding != NULL) {
            CHECK(docs[i].embedding_dim > 0);
            cJSON_AddItemToObject(doc, "embedding",
                                  cJSON_CreateFloatArray(docs[i].embedding, (int)docs[i].embedding_dim));
        }
        add_text(doc, "payload", docs[i].payload);
        cJSON_AddItemToArray(list, doc);
    }
    return list;
}

cJSON *search_json(const MossSearchResult *found) {
    cJSON *result = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(result, "docs");
    for (uintptr_t i = 0; i < found->doc_count; i++) {
        cJSON *doc = cJSON_CreateObject();
        add_text(doc, "id", found->docs[i].id);
        add_text(doc, "text", found->docs[i].text);
        add_metadata(doc, found->docs[i].metadata, found->docs[i].metadata_count);
        cJSON_AddNumberToObject(doc, "score", (double)found->docs[i].score);
        add_text(doc, "payload", found->docs[i].payload);
        cJSON_AddItemToArray(list, doc);
    }
    add_text(result, "query", found->query);
    add_text(result, "index_name", found->index_name);
    return result;
}

cJSON *mutation_json(const MossMutationResult *made) {
    cJSON *result = cJSON_CreateObject();
    add_text(result, "job_id", made->job_id);
    add_text(result, "index_name", made->index_name);
    cJSON_AddNumberToObject(result, "doc_count", (double)made->doc_count);
    return result;
}

cJSON *index_json(const MossIndexInfo *info) {
    cJSON *result = cJSON_CreateObject();
    add_text(result, "id", info->id);
    add_text(result, "name", info->name);
    add_text(result, "version", info->version);
    add_text(result, "status", info->status);
    cJSON_AddNumberToObject(result, "doc_count", (double)info->doc_count);
    add_text(result, "created_at", info->created_at);
    add_text(result, "updated_at", info->updated_at);
    cJSON *model = cJSON_AddObjectToObject(result, "model");
    add_text(model, "id", info->model.id);
    return result;
}
