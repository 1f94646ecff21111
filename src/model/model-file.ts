import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BanyanError } from '../kit/errors.js';
import { downloadModel } from './download.js';
import { foreignFileHint, missingFileHint } from './model-hints.js';
import { isFile, type ModelSource } from './model-source.js';

const WHAT_TO_PASS = 'the path of a GGUF, hf:user/repo:quant or an https URL';

/** Path of the GGUF on disk, downloaded first when `model` is a URI. Throws MODEL_NOT_FOUND, MODEL_INVALID, DOWNLOAD_FAILED. */
export async function findModelFile(source: ModelSource): Promise<string> {
  const { model } = source;
  if (model === undefined) {
    const embedded = fileURLToPath(new URL('../../models/banyan-tiny.gguf', import.meta.url));
    if (await isFile(embedded)) return embedded;
    throw notFound(`This package comes without its small model: pass \`model\`, ${WHAT_TO_PASS}`);
  }
  if (/^(hf:|huggingface:|https?:\/\/)/.test(model)) return checkKind(await downloadModel(model, source));
  if (await isFile(model)) return checkKind(model);
  const hint = (await missingFileHint(model)) ?? `pass ${WHAT_TO_PASS}`;
  throw notFound(`No model file at ${resolve(model).slice(0, LONGEST_SHOWN)}: ${hint.slice(0, 2 * LONGEST_SHOWN)}`);
}

/** The same of a draft model: what is wrong with it names that option. `mtp` is no file, but layers of the model's own. */
export async function findDraftModel(source: ModelSource): Promise<string> {
  if (source.model === 'mtp') return source.model;
  try {
    return await findModelFile(source);
  } catch (reason) {
    if (!(reason instanceof BanyanError) || reason.field !== 'model') throw reason;
    throw new BanyanError(reason.code, `The draft model: ${reason.message}`, { field: 'draftModel' });
  }
}

const LONGEST_SHOWN = 1_000;

/** What is plainly something else is said here; the rest of what can be wrong with a GGUF is found when it is read. */
async function checkKind(path: string): Promise<string> {
  const hint = await foreignFileHint(path);
  if (hint === undefined) return path;
  throw new BanyanError('MODEL_INVALID', `${resolve(path).slice(0, LONGEST_SHOWN)} ${hint}`, { field: 'model' });
}

function notFound(message: string): BanyanError {
  return new BanyanError('MODEL_NOT_FOUND', message, { field: 'model' });
}
