/** A server that says a token a turn of its event loop, in a process of its own: its time is not the caller's. Prints its address. */
import { fakeLlamaServer } from '../../testing/remote/fake-llama-server.js';

const server = await fakeLlamaServer();
console.log(server.url);
