const told = new Set<string>();

/** Why no GPU is used, as a warning of the process (code BANYAN_CPU), once for each reason. Nothing for an empty reason. */
export function warnOfCpu(reason: string): void {
  if (reason === '' || told.has(reason)) return;
  told.add(reason);
  process.emitWarning(`Banyan computes on the CPU: ${reason}. gpuLayers: 0 says that this is wanted`, {
    code: 'BANYAN_CPU',
  });
}
