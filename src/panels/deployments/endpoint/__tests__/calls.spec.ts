import { fakeClient } from '../../../../api/__tests__/fake';
import { Deployment } from '../../../../api/types';
import { IYard } from '../../../../api/yard';
import { ask, triedLink } from '../ask';
import { ICall, ICallField, requestOf, snippetsOf } from '../calls';

const field = (name: string, place: ICallField['place'], part = {}): ICallField => ({
  name,
  place,
  type: 'string',
  help: '',
  default: null,
  choices: [],
  least: null,
  most: null,
  is_required: false,
  ...part
});
const call = (path: string, ...fields: ICallField[]): ICall => ({
  method: 'POST',
  path,
  title: 't',
  group: '',
  fields
});
const ADDRESS = 'http://here/user/x/nbyard/deployments/cows/api/';

describe('P3: a request', () => {
  it('has its variables, its query and nothing that was not said', () => {
    const made = call('/v2/{model}/predict', field('model', 'path'), field('n', 'query'), {
      ...field('m', 'query'),
      default: 5
    });
    expect(requestOf(made, ADDRESS, { model: 'a b/c' })).toEqual({
      method: 'POST',
      url: `${ADDRESS}v2/a%20b%2Fc/predict?m=5`
    });
  });

  it('has fields of a form, with files', () => {
    const image = new File(['x'], 'cow.png');
    const made = call(
      '/predict',
      field('image', 'formData', { type: 'file' }),
      field('n', 'formData')
    );
    const request = requestOf(made, ADDRESS, { image, n: '2' });
    expect(request.parts).toEqual([
      ['image', image],
      ['n', '2']
    ]);
    const [[, curl], [, python], [, javascript]] = snippetsOf(request);
    expect(curl).toContain(`-F 'image=@cow.png'`);
    expect(python).toContain('data={"n": "2"}');
    expect(python).toContain('files={"image": open("cow.png", "rb")}');
    expect(javascript).toContain('body.append("image", file);');
  });

  it('is written for other languages, whatever is in it', () => {
    const request = requestOf(call('/predict', field('JSON', 'body')), ADDRESS, {
      JSON: `{"it's": [true, null, 1.5]}`
    });
    const [[, curl], [, python], [, javascript]] = snippetsOf(request);
    expect(curl).toContain(`-d '{"it'\\''s": [true, null, 1.5]}'`);
    expect(python).toContain(`json={"it's": [True, None, 1.5]}`);
    expect(javascript).toContain(JSON.stringify(request.json));
    expect(snippetsOf({ ...request, json: 'no JSON' })[1][1]).toContain('json=no JSON');
  });

  it('is answered with status, time and text', async () => {
    const seen: string[] = [];
    const client = fakeClient(async (method, url, request) => {
      seen.push(`${method} ${url} ${await request.text()}`);
      return new Response('{"a":1}', { status: 400 });
    });
    const request = { method: 'POST', url: `${ADDRESS}predict`, json: '{"b":2}' };
    const answer = await ask({ client } as IYard, request);
    expect(answer).toMatchObject({ status: 400, text: '{\n  "a": 1\n}' });
    expect(seen).toEqual([`POST ${ADDRESS}predict {"b":2}`]);
  });

  it('follows no redirect, with what lets a person into Jupyter', async () => {
    const seen: RequestRedirect[] = [];
    const client = fakeClient(async (_method, _url, request) => {
      seen.push(request.redirect);
      return new Response('');
    });
    await ask({ client } as IYard, { method: 'GET', url: ADDRESS });
    expect(seen).toEqual(['manual']);
  });

  it('goes to what answers of a model', () => {
    const of = (service: string, answers: boolean) =>
      triedLink({ spec: { service }, links: [{ name: 'api', answers }] } as unknown as Deployment);
    expect(of('api', true)).toMatchObject({ name: 'api' });
    expect(of('api', false)).toBeUndefined();
    expect(of('own', true)).toBeUndefined();
  });
});
