/**
 * The acceptance matrix (wire generations, 11.4), gone through by the published clients, and our own client against the
 * published servers. All suites share one process, and so one Python process for each client and server.
 */
import t from 'tap';

import fetching from './suites/fetching.js';
import imageMode from './suites/image-mode.js';
import login from './suites/login.js';
import models from './suites/models.js';
import ownClient from './suites/own-client.js';
import outage from './suites/outage.js';
import parity from './suites/parity.js';
import upstream from './suites/upstream.js';
import urlMode from './suites/url-mode.js';
import { skip } from './world.js';

const suites = { urlMode, imageMode, fetching, models, login, outage, parity, upstream, ownClient };
/** Beginnings of the names of the suites to run. */
const wanted = (process.env.ZMDETECT_INTEROP_SUITES ?? '').split(' ');

for (const [name, suite] of Object.entries(suites)) {
  if (wanted.some((beginning) => name.startsWith(beginning))) t.test(name, { skip }, suite);
}
