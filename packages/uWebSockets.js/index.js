'use strict';
// hyper-express requires `uWebSockets.js`, which is not in the npm registry. This package hands it a binary that is:
// first an official uWebSockets.js that the user installed under the name `uws-official` (that is how Node versions
// newer than uws-pack's binaries are served), then the one that uws-pack carries for this platform and Node ABI.
const fs = require('node:fs');
const path = require('node:path');

const wanted = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;

function official() {
  try {
    return require('uws-official');
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND' && /'uws-official'/.test(error.message)) return undefined;
    throw error;
  }
}

/** uws-pack exports no path to its binaries, so they are looked up where Node would look for the package. */
function packed() {
  for (const folder of require.resolve.paths('uws-pack') ?? []) {
    const file = path.join(folder, 'uws-pack', 'dist', 'bin', wanted);
    if (fs.existsSync(file)) return require(file);
  }
  return undefined;
}

function missing() {
  return new Error(
    `no uWebSockets.js binary for Node ${process.versions.node} on ${process.platform}-${process.arch} ` +
      `(looked for the package uws-official and for ${wanted} in uws-pack): run zmdetect on Node 20 or 22, or install ` +
      'an official uWebSockets.js release for this Node version under the name uws-official',
  );
}

const uws = official() ?? packed();
if (!uws) throw missing();
module.exports = uws;
