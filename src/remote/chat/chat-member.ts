import type { FarServer } from '../servers/trip.js';
import type { ChatModel } from './chat-model.js';

/** One language model of the AI SDK, as it is chosen among several. There is no address to probe: a request tells whether it is well. */
export class ChatMember implements FarServer {
  readonly url: string;
  readonly dialect = { name: 'chat' };
  readonly model: ChatModel;

  /** `name`: as errors and `servers()` have it. */
  constructor(name: string, model: ChatModel) {
    this.url = name;
    this.model = model;
  }
}
