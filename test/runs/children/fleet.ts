/** Names of the runs of a fleet. */
export const FLEET = Array.from({ length: 8 }, (_, index) => `agent ${index}`);

/** What a run is asked. Agents share their instructions and tools (W2). */
export const inputOf = (id: string) => `Note what ${id} has to note.`;
