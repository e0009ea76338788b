import { TranslationBundle } from '@jupyterlab/translation';
import { NamedImage } from '../../../api/types';
import { Button } from '../../../components/Button';
import { showBytes } from '../../../components/format/bytes';
import { StateMark } from '../../../components/StateMark';
import { askFields } from '../../frame/dialogs/askFields';
import { deleteConfirmed } from '../../frame/dialogs/confirm';
import { IPanelServices } from '../../frame/services';
import { reportFailure } from '../../frame/reportFailure';
import { isBeingMade } from './images';
import { useGrowingLog } from '../../frame/growingLog';
import { LogBox } from '../../../components/log/LogBox';
import { Table } from '../../../components/table/Table';
import { reasonText } from '../../../reasons';

interface IImageListProps {
  services: IPanelServices;
  /** The id of the environment. */
  of: string;
  images: readonly NamedImage[];
  /** Called when an image is being built or pushed. */
  onMade: (made: NamedImage) => void;
}

/**
 * The images that were built, pushed or pulled for the environment; each can be pushed or removed.
 */
export function ImageList({ services, of, images, onMade }: IImageListProps): JSX.Element {
  const { trans } = services;
  const heads = [
    ...[trans.__('Image'), trans.__('State'), trans.__('Created by'), trans.__('Size')],
    trans.__('Actions')
  ];
  return (
    <section aria-label={trans.__('Images')}>
      <div className="nby-Bar">
        <h3>{trans.__('Images')}</h3>
        <span className="nby-Space" />
        <Button onClick={() => void pull(services, of, onMade)}>{trans.__('Pull…')}</Button>
      </div>
      {!!images.length && (
        <Table label={trans.__('Images')} heads={heads}>
          {images.map(image => (
            <Row key={image.id} image={image} services={services} onMade={onMade} />
          ))}
        </Table>
      )}
    </section>
  );
}

interface IRowProps {
  image: NamedImage;
  services: IPanelServices;
  onMade: (made: NamedImage) => void;
}

function Row({ image, services, onMade }: IRowProps): JSX.Element {
  const { trans } = services;
  const { reference, origin, state, size_bytes, image_id, reason } = image;
  const made = { build: trans.__('build'), push: trans.__('push'), pull: trans.__('pull') };
  return (
    <tr>
      <th scope="row" className="nby-Code" title={image_id}>
        {reference}
      </th>
      <td>
        <StateMark state={state} trans={trans} />
        {reason && <div className="nby-Dim">{reasonText(reason, trans)}</div>}
      </td>
      <td>{made[origin]}</td>
      <td>{typeof size_bytes === 'number' && showBytes(size_bytes)}</td>
      <td>
        {state !== 'failed' && (
          <Button
            aria-label={trans.__('Push %1…', reference)}
            disabled={state !== 'ready'}
            onClick={() => void push(services, image, onMade)}
          >
            {trans.__('Push…')}
          </Button>
        )}{' '}
        <Button
          aria-label={trans.__('Remove %1…', reference)}
          onClick={() => void remove(services, image)}
        >
          {isBeingMade(image) ? trans.__('Stop…') : trans.__('Remove…')}
        </Button>
      </td>
    </tr>
  );
}

/** The name of an image. */
interface IReference {
  reference: string;
}

function pull(
  services: IPanelServices,
  environment: string,
  onMade: (made: NamedImage) => void
): Promise<unknown> {
  const { trans } = services;
  return reportFailure(services, trans.__('Not pulled.'), async () => {
    const made = await askFields<NamedImage, IReference>(services, {
      title: trans.__('Pull an image'),
      ok: trans.__('Pull'),
      fields: [
        {
          ...{ name: 'reference', kind: 'text', label: trans.__('Name') },
          placeholder: trans.__('registry.example.org:5000/team/cows:2'),
          help: trans.__('The image is pulled from its registry in the background.')
        }
      ],
      request: body => ({ id: 'images.pull', question: { body: { ...body, environment } } })
    });
    return made && onMade(made);
  });
}

function push(
  services: IPanelServices,
  image: NamedImage,
  onMade: (made: NamedImage) => void
): Promise<unknown> {
  const { trans } = services;
  return reportFailure(services, trans.__('Not pushed.'), async () => {
    const path = { image: image.id };
    const made = await askFields<NamedImage, IReference>(services, {
      title: trans.__('Push “%1”', image.reference),
      ok: trans.__('Push'),
      fields: [
        {
          ...{ name: 'reference', kind: 'text', label: trans.__('Registry or full name') },
          placeholder: trans.__('registry.example.org:5000/'),
          help: trans.__('A name that ends with / becomes the prefix of the image’s name.')
        }
      ],
      request: body => ({ id: 'images.push', question: { path, body } })
    });
    return made && onMade(made);
  });
}

/** Remove an image; an event updates the list. */
function remove(services: IPanelServices, image: NamedImage): Promise<unknown> {
  const { trans } = services;
  const isLive = isBeingMade(image);
  const title = isLive
    ? trans.__('Stop “%1”?', image.reference)
    : trans.__('Remove “%1”?', image.reference);
  const label = isLive ? trans.__('Stop') : trans.__('Remove');
  return reportFailure(services, trans.__('Not removed.'), async () => {
    const request = { id: 'images.delete', question: { path: { image: image.id } } } as const;
    const text = deletionText(image, trans);
    await deleteConfirmed(services, image.reference, title, text, request, label);
  });
}

/** Return a text that says what would be removed. */
export function deletionText(image: NamedImage, trans: TranslationBundle): string {
  if (isBeingMade(image)) {
    return trans.__('The build is cancelled and its log deleted.');
  }
  if (image.state === 'failed') {
    return trans.__('The log is deleted. The engine has no image of this name.');
  }
  const size = showBytes(image.size_bytes ?? 0);
  const consequence = trans.__(
    'The name and its log are deleted, and %1 on the engine if the image has no other name. Running containers continue.',
    size
  );
  return image.origin === 'build'
    ? consequence
    : `${consequence} ${trans.__('The image in the registry stays.')}`;
}

/** Return the log of an image, if there is one, and follow it to its end. */
export function useImageLog({ yard }: IPanelServices, image: string | undefined) {
  return useGrowingLog(image ?? '', async (after, signal) =>
    image
      ? yard.client.call('images.log', { path: { image }, query: { after }, signal })
      : { text: '', next: 0, done: true }
  );
}

export function ImageLog(props: {
  services: IPanelServices;
  image: Pick<NamedImage, 'id' | 'state'>;
}): JSX.Element {
  const { services, image } = props;
  const { trans } = services;
  const log = useImageLog(services, image.id);
  const step = log.lines
    .map(line => /^Step (\d+)\/(\d+)/.exec(line))
    .filter(Boolean)
    .pop();
  return (
    <details className="nby-Image-log" open={image.state !== 'ready'}>
      <summary>
        {step && isBeingMade(image)
          ? trans.__('Building the image: %1 of %2', step[1], step[2])
          : trans.__('Log')}
      </summary>
      <LogBox
        {...log}
        label={trans.__('Log of the image')}
        isLive={isBeingMade(image)}
        trans={trans}
      />
    </details>
  );
}
