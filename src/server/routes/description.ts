import { z } from 'zod';

import { apiDocument, type DocumentOptions } from '../api/document.js';
import { jsonType } from '../api/operation.js';
import { apiPage } from '../api/page.js';
import type { Route } from '../exchange.js';

const htmlType = 'text/html; charset=utf-8';

/** The description of `routes` and of these two: for programs, and as a page. */
export function descriptionRoutes(routes: readonly Route[], options: DocumentOptions): Route[] {
  const own: Route[] = [
    {
      method: 'GET',
      path: '/openapi.json',
      operation: {
        summary: 'This description.',
        success: { description: 'OpenAPI 3.1', type: jsonType, schema: z.looseObject({ openapi: z.string() }) },
      },
      handle: () => ({ status: 200, body: text, headers: { 'content-type': jsonType } }),
    },
    {
      method: 'GET',
      path: '/docs',
      operation: {
        summary: 'This description as a page.',
        success: { description: 'A page without scripts', type: htmlType, schema: z.string() },
      },
      handle: () => ({
        status: 200,
        body: page,
        headers: {
          'content-type': htmlType,
          'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
        },
      }),
    },
  ];
  const document = apiDocument([...routes, ...own], options);
  const [text, page] = [JSON.stringify(document), apiPage(document)];
  return own;
}
