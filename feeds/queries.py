"""Reads posts and authors."""

from sqlalchemy.orm import Session

from chassis.contract import cursor
from feeds import contract, serializers, store


def detail(session: Session, request: contract.GetPost) -> contract.Post:
    """Return a post. Raises NotFound."""
    return serializers.post(store.get(session, request.id))


def page(session: Session, request: contract.ListPosts) -> contract.PostPage:
    """Return a page of posts, newest first; all, or those of one author."""
    posts = store.newest(session, request.limit + 1, cursor.decode_id(request.cursor), request.author)
    return cursor.page(contract.PostPage, [serializers.post(post) for post in posts], request.limit)


def authors(session: Session, request: contract.ListAuthors) -> contract.AuthorPostsPage:
    """Return a page of authors with the number of their posts and the time of the last one."""
    rows = store.authors(session, request.before, request.after, request.ids, request.limit + 1)
    return serializers.authors(rows, request.limit)
