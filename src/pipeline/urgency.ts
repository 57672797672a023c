/** How urgent the pictures of a request are, and until when their detections are of use. */
import { Ticket } from '../engine/engine.js';

/** `interactive`: somebody waits for one picture. `bulk`: the frames of a whole event. */
export type Priority = 'interactive' | 'bulk';

export interface Urgency {
  readonly priority: Priority;
  /** On the clock of `performance.now()`; infinite: whenever it is done. */
  readonly deadline: number;
}

export const whenever: Urgency = { priority: 'interactive', deadline: Number.POSITIVE_INFINITY };

export function remainingMs({ deadline }: Urgency): number {
  return Math.max(0, deadline - performance.now());
}

/** What goes with a picture through the engine's queues. */
export function ticketFor(urgency: Urgency): Ticket {
  return new Ticket({ priority: urgency.priority, deadlineMs: remainingMs(urgency) });
}
