/** Nesting that the parser accepts: a document of 32, its wrapper, record and batch, and room. */
export const jsonDepthMax = 64;
