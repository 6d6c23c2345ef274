#!/usr/bin/env bash
# `make manifests`: build every overlay with temporary secrets, and check the result against the schemas of Kubernetes
# and the rules of checkov. The tools are installed in .run/manifests. RabbitmqCluster is not checked: its schema comes
# with its operator.
set -euo pipefail
cd "$(dirname "$0")/.."
work=.run/manifests
versions=(1.30.0 1.37.0)

main() {
    mkdir -p "$work"
    local kubectl overlay version file failed=0
    tools
    kubectl=$(kubectl_program)
    rm -rf "$work/k8s"
    cp -r k8s "$work/k8s"
    find "$work/k8s/secrets" -type f ! -name kustomization.yaml -delete
    AFRICASTALKING_API_KEY=none "$work/k8s/secrets.sh"
    for overlay in base overlays/dev overlays/scale; do
        file=$work/$(basename "$overlay").yaml
        "$kubectl" kustomize "$work/k8s/$overlay" >"$file" 2>"$work/kustomize.log" || { cat "$work/kustomize.log"; exit 1; }
        for version in "${versions[@]}"; do
            check "$overlay, Kubernetes $version" \
                "$work/venv/bin/kubernetes-validate" --strict --quiet --no-warn -k "$version" "$file" || failed=1
        done
        check "$overlay, checkov" "$work/venv/bin/checkov" --config-file k8s/checkov.yaml --file "$file" || failed=1
    done
    return "$failed"
}

tools() {
    local stamp
    stamp=$work/venv/$(sha256sum k8s/requirements.txt | cut -c1-16)
    [[ -e $stamp ]] && return
    echo "installing $(grep -c == k8s/requirements.txt) tools into $work/venv"
    .venv/bin/python -m venv --clear "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check --requirement k8s/requirements.txt >"$work/pip.log" 2>&1 || { tail "$work/pip.log"; exit 1; }
    touch "$stamp"
}

# kubectl from the PATH, or Debian's, unpacked but not installed.
kubectl_program() {
    command -v kubectl && return
    if [[ ! -x $work/usr/bin/kubectl ]]; then
        (cd "$work" && apt-get download kubernetes-client && dpkg-deb --extract kubernetes-client_*.deb .) >&2
    fi
    echo "$work/usr/bin/kubectl"
}

check() {
    local title=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        printf '  %-40s passed\n' "$title"
    else
        printf '  %-40s failed\n' "$title"
        cat "$work/check.log"
        return 1
    fi
}

main
