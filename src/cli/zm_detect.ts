#!/usr/bin/env node
/** The hook under the name that event servers call; the same as `zmdetect event`. */
import { hookMain } from '../hook/main.js';
import { runAs } from './run-as.js';

runAs('zm_detect', () => hookMain('zm_detect', process.argv.slice(2)));
