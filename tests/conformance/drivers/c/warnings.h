/* What the library warned of since the client was made. */
#ifndef WARNINGS_H
#define WARNINGS_H

/* Begins to collect. */
void warnings_collect(void);
void warnings_clear(void);
/* The whole answer: how many there are, and all of them, one a line. */
void warnings_tell(void);

#endif
