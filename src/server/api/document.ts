/** The OpenAPI description, made from what the routes say about themselves and from the table of errors. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';

import { type ErrorCode, errorTable } from '../../errors.js';
import type { Route } from '../exchange.js';
import { commonErrors, jsonType, type Operation, tokenErrors } from './operation.js';
import { components, errorBody } from './replies.js';
import { requests } from './requests.js';

export interface DocumentOptions {
  readonly version: string;
  /** Whether the server demands tokens. */
  readonly auth: boolean;
}

export type Json = Readonly<Record<string, unknown>>;

export interface OperationJson {
  readonly operationId: string;
  readonly summary: string;
  readonly security: readonly Json[];
  readonly requestBody?: { readonly required: true; readonly content: Readonly<Record<string, { schema: Json }>> };
  readonly responses: Readonly<Record<string, ResponseJson>>;
}

export interface ResponseJson {
  readonly description: string;
  readonly headers?: Json;
  readonly content: Readonly<Record<string, { schema: Json }>>;
}

export interface ApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationJson>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly securitySchemes: Json };
}

export function apiDocument(routes: readonly Route[], { version, auth }: DocumentOptions): ApiDocument {
  const paths: Record<string, Record<string, OperationJson>> = {};
  for (const { method, path, operation } of routes) {
    const item = (paths[path] ??= {});
    const operationId = `${method.toLowerCase()}${path.replace(/\W+/g, '_')}`;
    item[method.toLowerCase()] = operationJson(operationId, operation, auth);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'zmdetect', version, description: 'What is in a camera frame, for ZoneMinder.' },
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'of POST /login' },
      },
    },
  };
}

function operationJson(operationId: string, operation: Operation, auth: boolean): OperationJson {
  const { summary, secured = false, body, success } = operation;
  const content = Object.entries(body ?? {}).map(
    ([type, schema]) => [type, { schema: requestSchema(schema) }] as const,
  );
  return {
    operationId,
    summary,
    security: secured && auth ? [{ token: [] }] : [],
    ...(body ? { requestBody: { required: true, content: Object.fromEntries(content) } } : {}),
    responses: {
      200: { description: success.description, content: { [success.type]: { schema: replySchema(success.schema) } } },
      ...errorResponses(operation, auth),
    },
  };
}

/** By status; without authentication nothing is 401. */
function errorResponses({ secured, errors = [], validates }: Operation, auth: boolean): Record<string, ResponseJson> {
  const codes = [...errors, ...(secured ? tokenErrors : []), ...commonErrors];
  const responses: Record<string, ResponseJson> = {};
  for (const status of new Set(codes.map((code) => errorTable[code].status))) {
    if (status === 401 && !auth) continue;
    const rows = codes.filter((code) => errorTable[code].status === status);
    responses[status] = errorResponse(status, rows);
  }
  if (validates) {
    const description = 'The body is not what this route reads';
    responses[422] = { description, content: { [jsonType]: { schema: replySchema(errorBody.invalidBody) } } };
  }
  return responses;
}

function errorResponse(status: number, codes: readonly ErrorCode[]): ResponseJson {
  const texts = codes.map((code) => `- \`${code}\`: ${errorTable[code].detail}`);
  return {
    description: `${STATUS_CODES[status] ?? ''}\n\n${texts.join('\n')}`,
    headers: { 'x-error-code': { required: true, schema: { type: 'string', enum: codes } } },
    content: { [jsonType]: { schema: replySchema(errorBody.fault) } },
  };
}

const uri = (id: string) => `#/components/schemas/${id}`;

function componentSchemas(): Record<string, Json> {
  const schemas = {
    ...z.toJSONSchema(requests, { uri, io: 'input' }).schemas,
    ...z.toJSONSchema(components, { uri }).schemas,
  };
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema)]));
}

function replySchema(schema: z.ZodType): Json {
  const id = components.get(schema)?.id;
  return id === undefined ? plain(z.toJSONSchema(schema)) : { $ref: uri(id) };
}

function requestSchema(schema: z.ZodType): Json {
  const id = requests.get(schema)?.id;
  return id === undefined ? plain(z.toJSONSchema(schema, { io: 'input' })) : { $ref: uri(id) };
}

/** Without what says to a lone schema where it stands; here the document says that. */
function plain(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}
