/** A self-signed certificate made on the spot, so that no private key lies in the repository. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate for 127.0.0.1 and `localhost`, valid for two days; undefined where there is no `openssl` command. */
export function selfSigned(names = 'IP:127.0.0.1,DNS:localhost'): Certificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'zmdetect-certificate-'));
  const keyFile = join(folder, 'key.pem');
  const certFile = join(folder, 'cert.pem');
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=zmdetect-test';
  try {
    const files = ['-keyout', keyFile, '-out', certFile, '-addext', `subjectAltName=${names}`];
    execFileSync('openssl', [...words.split(' '), ...files], { stdio: 'ignore' });
    return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
