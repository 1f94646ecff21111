/*
 * Fields that Anthropic's schema requires, of things that only its cloud has. Clients with generated types read them without
 * asking whether they are there.
 */

export const HOSTED_MESSAGE = { container: null, stop_details: null, diagnostics: null };

export const HOSTED_USAGE = {
  cache_creation: null,
  inference_geo: null,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: 'standard',
};

/** The model called the tool by itself, not from code that it wrote. */
export const DIRECT_CALL = { caller: { type: 'direct' } };
