/*
 * fault_list.h — inside the engine: an account's faults in memory, and their JSON.
 */
#ifndef ENGINE_FAULT_LIST_H
#define ENGINE_FAULT_LIST_H

#include "engine/fault.h"

/* NULL is allowed. */
void fault_list_free(struct fault_list *list);

/* Replace what is in memory by what the store has. Faults in use stay valid until done. */
[[nodiscard]] int fault_list_load(struct store *store, struct account *account);

/*
 * Read an order for a fault into the zeroed @out, and write it in compact form into @spec.
 * ERR_SYNTAX with *error filled, ERR_NOMEM.
 */
[[nodiscard]] int fault_parse(struct view json, struct fault *out, struct buf *spec,
                              struct fault_error *error);

#endif
