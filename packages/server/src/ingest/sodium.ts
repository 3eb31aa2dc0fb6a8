/** Ed25519 verification by libsodium, the fastest of the measured libraries. */
import type { Ed25519Verify } from '@stemedb/model';
import sodium from 'sodium-native';

/** To be called behind the strict checks of the model, which libsodium does not all make. */
export const sodiumVerify: Ed25519Verify = (signature, message, publicKey) =>
  sodium.crypto_sign_verify_detached(
    Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength),
    Buffer.from(message.buffer, message.byteOffset, message.byteLength),
    Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength),
  );
