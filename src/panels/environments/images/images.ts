/** The images of an environment, and the Dockerfile of the next one. */
import { useEffect, useState } from 'react';
import { ApiError } from '../../../api/client';
import { DockerfileText, Environment, NamedImage, Recipe } from '../../../api/types';
import { useChanges } from '../../../components/hooks/useChanges';
import { IPanelServices } from '../../frame/services';

const PAUSE = 300;
const MAX_SHOWN = 200;

export function isBeingMade({ state }: Pick<NamedImage, 'state'>): boolean {
  return state === 'queued' || state === 'building';
}

export interface IImages {
  /** The images that were built, pushed or pulled for the environment, newest first. */
  images: readonly NamedImage[];
  /** The newest image with a requested build. */
  newest: NamedImage | undefined;
  /** Add an image that is being built. */
  add: (made: NamedImage) => void;
}

/** Return the images of an environment, reloaded whenever an image changes. */
export function useImages({ yard }: IPanelServices, { id }: Environment): IImages {
  const [images, setImages] = useState<readonly NamedImage[]>([]);
  const turn = useChanges(yard.stream, 'image');
  useEffect(() => {
    const control = new AbortController();
    const query = { environment: id, limit: MAX_SHOWN };
    yard.client
      .call('images.list', { query, signal: control.signal })
      .then(({ items }) => setImages(items))
      .catch(() => undefined); // the next event asks again
    return () => control.abort();
  }, [yard, id, turn]);
  return {
    images,
    newest: images.find(({ origin }) => origin === 'build'),
    add: made => setImages(known => [made, ...known.filter(image => image.id !== made.id)])
  };
}

export interface IDraft {
  /** Undefined until the server responds. */
  shown?: DockerfileText;
  recipe?: Recipe;
  /** Messages of a refusal, by field. */
  problems: Record<string, string>;
  change: (part: Partial<Recipe>) => void;
  /** Discard all choices, including saved ones. */
  restart: () => Promise<void>;
  /** Counts restarts, so that fields that keep their text begin anew. */
  turn: number;
  refuse: (error: unknown) => void;
}

/** Return a recipe for editing; the server returns the resulting Dockerfile. */
export function useDraft({ yard }: IPanelServices, { id, installed }: Environment): IDraft {
  const [shown, setShown] = useState<DockerfileText>();
  const [edited, setEdited] = useState<Recipe>();
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [turn, setTurn] = useState(0);
  const recipe = edited ?? shown?.recipe;
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    const ask = async () => {
      const body = { environment: id, recipe: edited ?? null };
      try {
        setShown(await yard.client.call('images.dockerfile', { body, signal }));
        setProblems({});
      } catch (error) {
        if (!signal.aborted) {
          setProblems(problemsOf(error));
        }
      }
    };
    const timer = window.setTimeout(() => installed && void ask(), edited ? PAUSE : 0);
    return () => {
      window.clearTimeout(timer);
      control.abort();
    };
  }, [yard, id, installed, edited]);
  return {
    shown,
    recipe,
    problems,
    change: part => setEdited({ ...recipe!, ...part }),
    restart: async () => {
      const body = { environment: id, recipe: {} };
      const anew = await yard.client.call('images.dockerfile', { body });
      setShown(anew);
      setEdited(anew.recipe);
      setProblems({});
      setTurn(turn + 1);
    },
    turn,
    refuse: error => setProblems(problemsOf(error))
  };
}

/** Return the messages of a refusal by field of the recipe; general ones are under "". */
export function problemsOf(error: unknown): Record<string, string> {
  const byField: Record<string, string> = {};
  const details = error instanceof ApiError ? error.details : [];
  for (const { path, message } of details) {
    const field = /^recipe\.([a-z_]+)/.exec(path)?.[1] ?? '';
    byField[field] ??= message;
  }
  return details.length ? byField : { '': (error as Error).message };
}

/** Return the generated text, up to and including the marker. */
export function generatedPart({ text, marker }: DockerfileText): string {
  return text.slice(0, text.indexOf(marker) + marker.length);
}
