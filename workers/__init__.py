"""The stock workers, one folder each: `memoryengine.workers.<verb_noun>` holds one worker and its prompts."""
