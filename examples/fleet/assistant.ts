import { fileURLToPath } from 'node:url';
import type { Tool } from 'banyan';
import { calculateTool } from './tools/calculate.js';
import { convertUnitsTool } from './tools/convert-units.js';
import { getTimeTool } from './tools/get-time.js';
import { searchNotesTool } from './tools/search-notes.js';
import type { TextLimits } from './tools/text-field.js';

// What all agents of the fleet share: instructions and tools. Nothing in it changes from run to run.

export const NOTES_FOLDER = fileURLToPath(new URL('./notes', import.meta.url));

export const SYSTEM = `You are a helpful assistant of Fjord Ferries.

Rules:
- Always be polite and brief.
- If a tool fails, say so.
- Do not guess numbers, use the tools.
- Quote results exactly as the tools return them.
- Write numbers as digits.
- Answer in English.
- The office is in Bergen.
- Office hours are 08:00 to 16:30.
- Prices are in EUR unless the user says otherwise.`;

export function fleetTools(limits: TextLimits): Tool[] {
  return [calculateTool(limits), convertUnitsTool(limits), getTimeTool(limits), searchNotesTool(NOTES_FOLDER, limits)];
}

const QUESTIONS = [
  'How many kilometres are 26 miles?',
  'What is 17 * 23 + 4?',
  'What do the notes say about the harbour lease?',
  'What time is it in Oslo?',
  'Convert 12 miles to km, then multiply the result by 3.',
  'What is 72 Fahrenheit in Celsius?',
  'Search my notes for the ferry timetable.',
  'What is the local time in Tokyo?',
  'How many pounds are 80 kg?',
  'What is (144 - 12) / 6?',
  'Find my notes about the engine service.',
  'Convert 5 gallons to litres.',
];

/** The n-th agent's question; after the last one they start again. */
export function question(agent: number): string {
  return QUESTIONS[agent % QUESTIONS.length] as string;
}
