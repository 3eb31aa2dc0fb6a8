/** The part of fs-native-extensions that is used here; the package has no types of its own. */
declare module 'fs-native-extensions' {
  /** True when this descriptor got the kernel's exclusive lock, false when another holds it. */
  export function tryLock(fd: number): boolean;
}
