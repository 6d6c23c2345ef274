"""Posts."""

from chassis.contract import Empty
from feeds import contract as feeds
from gateway.authors import join
from gateway.contract import PostView, PostViewPage
from gateway.routing.route import Access, Route, both

ROUTES = (
    Route(
        "all-posts",
        "GET",
        both("/all-posts/", "feeds", "/all/"),
        "feeds.all",
        Access.ANYONE,
        feeds.ListPosts,
        feeds.PostPage,
        response_model=PostViewPage,
        build_response=join.join_page,
        tags=(feeds.AUTHORS_TAG, feeds.LISTS_TAG),
        cache_seconds=60,
        summary="Read posts, newest first",
    ),
    Route(
        "post-detail",
        "GET",
        both("/post-detail/<id>/", "feeds", "/detail/<id>/"),
        "feeds.detail",
        Access.ANYONE,
        feeds.GetPost,
        feeds.Post,
        response_model=PostView,
        build_response=join.join,
        tags=(feeds.AUTHORS_TAG, feeds.post_tag("{id}")),
        cache_seconds=60,
        summary="Read one post",
    ),
    Route(
        "create-post",
        "POST",
        both("/create-post/", "feeds", "/create/"),
        "feeds.create",
        Access.USER,
        feeds.CreatePost,
        feeds.Post,
        status=201,
        location="/post-detail/{id}/",
        response_model=PostView,
        build_response=join.join_own,
        idempotent=True,
        summary="Create a post",
    ),
    Route(
        "edit-post",
        "PUT",
        both("/post-detail/<id>/", "feeds", "/detail/<id>/"),
        "feeds.edit",
        Access.USER,
        feeds.EditPost,
        feeds.Post,
        response_model=PostView,
        build_response=join.join_own,
        summary="Edit a post",
        errors=(feeds.may_not_edit(),),
    ),
    Route(
        "delete-post",
        "DELETE",
        both("/post-detail/<id>/", "feeds", "/detail/<id>/"),
        "feeds.delete",
        Access.USER,
        feeds.DeletePost,
        Empty,
        status=204,
        fields_in="path",
        summary="Delete a post",
        errors=(feeds.may_not_delete(),),
    ),
)
