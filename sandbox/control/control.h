/*
 * control.h — the second door (docs/control-api.md): pay, break, turn time, look, wait.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "sandbox.h"

/*
 * Listens. The sandbox is borrowed and must be complete but for its control. The door hears of
 * orders (engine.on_order, whose owner is the sandbox), deliveries and exchanges until it stops.
 */
[[nodiscard]] int control_start(struct control **out, struct sandbox *sandbox);

/* Ends streams and waits (with 503), closes the door; @on_stopped from the loop. */
void control_stop(struct control *control, void (*on_stopped)(void *owner), void *owner);

uint16_t control_port(const struct control *control);

#endif
