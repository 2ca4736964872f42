/* What setting up a scene and checking it share: names of files, and what is in them. */
#ifndef SCENARIO_PRIVATE_H
#define SCENARIO_PRIVATE_H

#include "support/scenario.h"

#define MODEL "model.ff"
#define SCRATCH "model.ff.scratch"
#define LOG "log.jsonl"
#define OTHER_SCRATCH "scratch"

enum model_state { MODEL_ABSENT, MODEL_STUB, MODEL_DAMAGED, MODEL_HALF, MODEL_COMPLETE };

/* What model is in DIRECTORY. HASH gets the hash of a complete one's weights, else "". */
enum model_state model_in(const char *directory, char hash[33]);
/* Reads the file that the scenario's command writes; NULL if it writes none. The caller frees it.
 */
char *read_output(const struct scene *scene, const char *directory);

#endif
