/** How many of the first messages are instructions, in whatever words a client has for them. */
export function leadingInstructions(messages: readonly { readonly role?: unknown }[]): number {
  const begin = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer');
  return begin < 0 ? messages.length : begin;
}
