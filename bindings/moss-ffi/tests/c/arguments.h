/* The arguments of scenarios as C has them, and results of C as JSON. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <cjson/cJSON.h>
#include <libmoss.h>

/* An argument, if it is passed and not null. */
const cJSON *argument(const cJSON *args, const char *name);

/* The text of an argument that must be there, and of one that need not. */
const char *text_of(const cJSON *args, const char *name);
const char *optional_text_of(const cJSON *args, const char *name);

/* A list of texts; NULL if it is not passed. Free it. */
const char **texts_of(const cJSON *args, const char *name, uintptr_t *count);

/* A vector; NULL if it is not passed. Free it. */
float *vector_of(const cJSON *args, uintptr_t *dim);

/* Documents; free them with free_documents_of. */
MossDocumentInfo *documents_of(const cJSON *args, uintptr_t *count);
void free_documents_of(MossDocumentInfo *docs, uintptr_t count);

/* The filter as JSON text; NULL if it is not passed. Free it. */
char *filter_of(const cJSON *args);

/* Options of a query; `filter_json` and `embedding` are freed by the caller. */
MossQueryOptions query_options_of(const cJSON *args);

/* Whether a flag is set; `otherwise` if it is not passed. */
bool flag_of(const cJSON *args, const char *name, bool otherwise);

cJSON *documents_json(const MossDocumentInfo *docs, uintptr_t count);
cJSON *search_json(const MossSearchResult *found);
cJSON *mutation_json(const MossMutationResult *made);
cJSON *index_json(const MossIndexInfo *info);

#endif
