import t from 'tap';

import { redactUrl, redactUrlsIn, withAuth } from '../../src/frames/url.js';

t.test('credentials are appended as they are', (t) => {
  const cases = [
    ['http://zm/index.php?view=image', 'token=a.b+c/d=', 'http://zm/index.php?view=image&token=a.b+c/d='],
    ['http://zm/frame.jpg', 'user=a&pass=b c', 'http://zm/frame.jpg?user=a&pass=b c'],
    ['http://zm/frame.jpg?', 'token=x', 'http://zm/frame.jpg?&token=x'],
    ['http://zm/frame.jpg#a?b', 'token=x', 'http://zm/frame.jpg#a?b&token=x'],
    ['http://zm/frame.jpg#part', 'token=x', 'http://zm/frame.jpg#part?token=x'],
    ['http://zm/index.php?view=image', '', 'http://zm/index.php?view=image'],
  ] as const;
  for (const [url, auth, expected] of cases) t.equal(withAuth(url, auth), expected);
  t.end();
});

t.test('a redacted URL says which frame it is, and on which host', (t) => {
  t.equal(
    redactUrl('http://zm.lan:8080/zm/index.php?view=image&eid=12&fid=snapshot&token=SECRET'),
    'http://zm.lan:8080/zm/index.php?view=image&eid=12&fid=snapshot&***',
  );
  t.equal(
    redactUrl(new URL('https://zm/zm/index.php?width=640&eid=1&fid=7&height=480')),
    'https://zm/zm/index.php?eid=1&fid=7&***',
  );
  t.equal(redactUrl('http://cam/snapshot.jpg'), 'http://cam/***');
  t.equal(redactUrl('http://cam/a/b/zm/c'), 'http://cam/***/zm/***');
  t.equal(redactUrl('http://zm/zm/api/events/12.json?token=x'), 'http://zm/zm/api/events/12.json?***');
  t.equal(redactUrl('http://zm/12.json'), 'http://zm/***');
  t.end();
});

t.test('URLs within a sentence are redacted as well', (t) => {
  const said =
    "404 Client Error: Not Found for url: http://u:SECRET@zm/SECRET/index.php?fid=7&token=SECRET and 'rtsp://SECRET'";
  t.equal(
    redactUrlsIn(said),
    "404 Client Error: Not Found for url: http://zm/***/index.php?fid=7&*** and '(not an http URL)'",
  );
  t.equal(
    redactUrlsIn(
      "HTTPConnectionPool(host='zm', port=80): Max retries with url: /SECRET/index.php?fid=7&token=SECRET (and/or)",
    ),
    "HTTPConnectionPool(host='zm', port=80): Max retries with url: /***/index.php?fid=7&*** (and/or)",
  );
  t.end();
});

t.test('nothing that may be a credential survives', (t) => {
  const urls = [
    'http://SECRET:SECRET@zm/index.php',
    'http://cam/SECRET/snapshot.jpg',
    'http://cam/SECRET',
    'http://cam/zm/SECRET.json',
    'http://cam/SECRET%2Findex.php',
    'http://zm/index.php?view=SECRET&eid=SECRET&fid=SECRET',
    'http://zm/index.php?eid=1SECRET&fid=7.SECRET',
    'http://zm/index.php?width=SECRET&mid=SECRET&monitor=SECRET',
    'http://zm/index.php?token=SECRET',
    'http://zm/index.php?TOKEN=SECRET',
    'http://zm/index.php?view=image&SECRET',
    'http://zm/index.php?view=image&SECRET=1',
    'http://zm/index.php?user=admin&pass=a&SECRET=b',
    'http://zm/index.php?eid=1;token=SECRET',
    'http://zm/index.php?fid=SECRET SECRET',
    'http://zm/index.php#token=SECRET',
    'http://zm/index.php&token=SEC/SECRET',
    'http://zm/index.php%3Ftoken%3DSECRET',
    'http://zm/index.php;sid=SECRET/x',
    'http://http://SECRET:SECRET@zm/x',
    'http://http://user%3ASECRET%40zm/x',
    'zm/index.php?token=SECRET',
    'SECRET:SECRET@zm/index.php',
    'ftp://SECRET@zm/',
    'data:text/plain,SECRET',
    'http://:SECRET',
    'SECRET',
    '',
  ];
  for (const url of urls) t.notMatch(redactUrl(url), /SECRET/i, url);
  t.end();
});

t.test('what is shown is short and on one line', (t) => {
  t.ok(redactUrl(`http://zm/${'a'.repeat(5000)}`).length < 320);
  t.ok(redactUrl(`http://zm/?${'b=1&'.repeat(5000)}`).length < 320);
  t.notMatch(redactUrl('http://zm/a\nb?view=c\nd&eid=e%0Af'), /\n/);
  t.end();
});
