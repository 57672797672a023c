/** `zmdetect gpu install`: nothing downloads GPU libraries but this command. */
import path from 'node:path';

import { bundledOnnxRuntime } from '../gpu/bundled.js';
import { install } from '../gpu/install.js';
import { archiveFile, manifest } from '../gpu/manifest.js';
import { binariesFolder } from '../package-root.js';
import { type Command, textOf } from './command.js';

const names = Object.values(manifest.archives).map((archive) => archiveFile(archive, manifest.version));

export const gpuInstall: Command = {
  name: 'install',
  help: `fetch the CUDA and TensorRT libraries of ONNX Runtime ${manifest.version}`,
  addArguments(parser) {
    parser.add_argument('--mirror', { metavar: 'URL', help: 'the archive, or a folder of packages as NuGet has it' });
    parser.add_argument('--from', { metavar: 'DIR', help: `folder that holds ${names.join(' or ')}` });
    parser.add_argument('--into', { metavar: 'DIR', help: 'where the libraries go (default: beside ONNX Runtime)' });
    parser.add_argument('--sha256', { metavar: 'HEX', help: 'SHA-256 of the archive, where none is pinned' });
    parser.add_argument('--trust', { action: 'store_true', help: 'take an archive whose hash is not known' });
  },
  async run(args) {
    const into = path.resolve(textOf(args, 'into') ?? binariesFolder);
    const { files, sha256, checked } = await install({
      mirror: textOf(args, 'mirror'),
      from: textOf(args, 'from'),
      into,
      sha256: textOf(args, 'sha256'),
      trust: args.trust === true,
      bundled: (await bundledOnnxRuntime(into)) ?? (await bundledOnnxRuntime(binariesFolder)),
      onProgress: process.stderr.isTTY ? showProgress : () => undefined,
    });
    process.stdout.write(
      `${files.map((file) => `installed ${file}`).join('\n')}\n` +
        `SHA-256 of the archive: ${sha256} (${checked ? 'as expected' : 'not compared with anything'})\n` +
        'CUDA 12 and cuDNN 9 have to be there too: `zmdetect doctor` lists what is found.\n',
    );
    return 0;
  },
};

function showProgress(received: number, total: number | null): void {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const share = total === null ? '' : ` of ${mb(total)} (${Math.floor((100 * received) / total)} %)`;
  process.stderr.write(`\r${mb(received)}${share}${received === total ? '\n' : ''}`);
}
