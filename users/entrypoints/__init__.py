"""The RPC methods of users, by what they are about; `users.service` puts them together."""
