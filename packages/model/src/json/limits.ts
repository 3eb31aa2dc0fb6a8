/** Nesting that the parser accepts: a claim's document (32), its wrapper, record, batch, and room. */
export const jsonDepthMax = 64;
