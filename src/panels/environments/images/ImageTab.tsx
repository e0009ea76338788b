import { TranslationBundle } from '@jupyterlab/translation';
import { useId, useState } from 'react';
import { Environment, NamedImage } from '../../../api/types';
import { Button } from '../../../components/Button';
import { showBytes } from '../../../components/format/bytes';
import { StateMark } from '../../../components/StateMark';
import { FieldError, Refusal } from '../../../components/text/messages';
import { ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { IPanelServices } from '../../frame/services';
import { reportFailure } from '../../frame/reportFailure';
import { Choices } from './ImageChoices';
import { ImageList, ImageLog } from './ImageList';
import { IDraft, isBeingMade, generatedPart, useDraft, useImages } from './images';
import { reasonText } from '../../../reasons';

interface IImageTabProps {
  services: IPanelServices;
  environment: Environment;
}

/** The environment as an image: its options, its Dockerfile, and the build. */
export function ImageTab({ services, environment }: IImageTabProps): JSX.Element {
  const { yard, trans } = services;
  const { images, newest: image, add } = useImages(services, environment);
  const draft = useDraft(services, environment);
  const { recipe, problems } = draft;
  const [isSending, setSending] = useState(false);
  if (!environment.installed) {
    return <p className="nby-Note">{trans.__('Install the environment to build its image.')}</p>;
  }
  const isBusy = isSending || (!!image && isBeingMade(image));
  const question = () => ({ body: { environment: environment.id, recipe: recipe ?? null } });
  const request = () => ({ id: 'images.build', question: question() }) as const;
  const build = async () => {
    setSending(true);
    try {
      add(await yard.client.call('images.build', question()));
    } catch (error) {
      draft.refuse(error);
    }
    setSending(false);
  };
  return (
    <div className="nby-Image">
      <div className="nby-Bar">
        <Button
          className="nby-mod-primary"
          disabled={isBusy || !recipe}
          onClick={() => void build()}
        >
          {trans.__('Build Image')}
        </Button>
        <Button
          disabled={isBusy || !recipe}
          title={trans.__('Reset all choices, including those of the last image')}
          onClick={() =>
            void reportFailure(services, trans.__('The choices were not reset.'), draft.restart)
          }
        >
          {trans.__('Start Over')}
        </Button>
        {image && <Standing image={image} trans={trans} />}
      </div>
      <Refusal className="nby-Warning">{problems['']}</Refusal>
      {image?.state === 'failed' && (
        <p className="nby-Note">
          {trans.__('These choices stay for the next build. Change them below or start over.')}
        </p>
      )}
      {image && <ImageLog key={image.id} services={services} image={image} />}
      {recipe && <Choices key={draft.turn} draft={draft} services={services} />}
      <Text draft={draft} image={image} trans={trans} />
      {recipe && <ShowAsCommand spelling={{ client: yard.client, request }} trans={trans} />}
      <ImageList services={services} of={environment.id} images={images} onMade={add} />
    </div>
  );
}

/** State, name, size and id; or the line that failed. */
function Standing({ image, trans }: { image: NamedImage; trans: TranslationBundle }): JSX.Element {
  const { state, reference, image_id, size_bytes, cached, reason, failed_line } = image;
  const id = image_id.replace(/^sha256:/, '').slice(0, 12);
  return (
    <>
      <span role="status">
        <StateMark state={state} trans={trans} />
      </span>
      <span className="nby-Code">{reference}</span>
      {state === 'ready' && (
        <span className="nby-Dim" title={image_id}>
          {[id, showBytes(size_bytes ?? 0), cached && trans.__('no changes')]
            .filter(Boolean)
            .join(' · ')}
        </span>
      )}
      {state === 'ready' && reason && <span className="nby-Dim">{reasonText(reason, trans)}</span>}
      {state === 'failed' && (
        <span className="nby-Warning" role="alert">
          {reasonText(reason, trans)}
          {failed_line && (
            <code className="nby-Image-line">
              {failed_line.line} | {failed_line.text}
            </code>
          )}
        </span>
      )}
    </>
  );
}

interface ITextProps {
  draft: IDraft;
  trans: TranslationBundle;
  image: NamedImage | undefined;
}

/**
 * The Dockerfile: the generated part with the failed line, and below the marker the user's part.
 */
function Text({ draft, image, trans }: ITextProps): JSX.Element | null {
  const { shown, recipe, problems, change } = draft;
  const id = useId();
  if (!shown || !recipe) {
    return null;
  }
  const lines = generatedPart(shown).split('\n');
  const failed = image?.state === 'failed' ? image.failed_line : undefined;
  return (
    <section aria-label={trans.__('Dockerfile')}>
      <div
        className="nby-Image-text"
        tabIndex={0}
        role="region"
        aria-label={trans.__('Generated Dockerfile')}
      >
        {lines.map((line, index) => {
          const isFailed = failed?.line === index + 1 && line.trim() === failed.text;
          return (
            <div key={index} className={isFailed ? 'nby-mod-failed' : undefined}>
              {line || ' '}
            </div>
          );
        })}
      </div>
      <div className="nby-Field">
        <label htmlFor={id}>{trans.__('Your own lines')}</label>
        <textarea
          id={id}
          className="jp-mod-styled nby-Code"
          rows={Math.min(12, Math.max(3, (recipe.own ?? '').split('\n').length))}
          spellCheck={false}
          placeholder={trans.__('RUN ["python3", "-m", "nltk.downloader", "punkt"]')}
          aria-invalid={!!problems.own}
          value={recipe.own}
          onChange={event => change({ own: event.target.value })}
        />
        <FieldError>{problems.own}</FieldError>
      </div>
    </section>
  );
}
