import { nearestWord } from '@hecate/proto/core/suggestion.ts';

/** A sentence's end for messages: `; did you mean "Manager"?`, or what there is to choose from. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearestWord(word, known);
  return near ? `; did you mean "${near}"?` : `; known are ${known.join(', ')}`;
}
