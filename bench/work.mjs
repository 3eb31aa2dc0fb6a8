// The claims and questions that both databases get, so that the work is the same.

/** Claims of one (concept, predicate) pair that a question resolves. */
export const candidatesPerConcept = 20;

/** The one predicate of all claims. */
export const predicate = 'replicated';

const filling = 'The cluster keeps two copies of every claim on two machines. '.repeat(12);

/** A text of about 800 bytes that is different for each number, so that a claim takes 1 KiB. */
export function claimText(number) {
  return `${number}: ${filling}`;
}

/** The concept of the question with this number. */
export function askedConcept(number) {
  return `bench/asked/${number}`;
}

/** A concept to write about: many, so that no pair grows long. */
export function statedConcept(number) {
  return `bench/stated/${number % 50_000}`;
}
