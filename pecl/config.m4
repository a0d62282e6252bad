dnl Builds the extension by cargo. What is missing is said here, and not in the middle of a build.

PHP_ARG_ENABLE([roadrunner],
  [whether to enable roadrunner],
  [AS_HELP_STRING([--enable-roadrunner], [Enable the application server roadrunner])],
  [yes])

PHP_ARG_ENABLE([roadrunner-pgo],
  [whether to build roadrunner for what servers do],
  [AS_HELP_STRING([--enable-roadrunner-pgo], [roadrunner: build twice, and the second time by what the first one did (profile-guided optimization); needs h2load, openssl and the Rust component llvm-tools])],
  [no],
  [no])

AC_ARG_VAR([CARGO], [the cargo to build with])
AC_ARG_VAR([CARGO_FLAGS], [further flags of cargo build, such as --offline])
AC_ARG_VAR([LIBCLANG_PATH], [the folder of libclang.so, if it is not where it usually is])

if test "$PHP_ROADRUNNER" != "no"; then
  AC_MSG_CHECKING([whether this PHP can run roadrunner])
  case $host_os in
    linux*) ;;
    *) AC_MSG_ERROR([roadrunner runs on Linux only, this is $host_os]) ;;
  esac
  if test "$PHP_THREAD_SAFETY" != "yes"; then
    AC_MSG_ERROR([roadrunner needs a thread-safe (ZTS) PHP, and that of $PHP_CONFIG is not (NTS): run phpize and configure --with-php-config of one that was built with --enable-zts])
  fi
  roadrunner_php=`$PHP_CONFIG --vernum`
  if test "$roadrunner_php" -lt 80300; then
    AC_MSG_ERROR([roadrunner needs PHP 8.3 or newer, this is `$PHP_CONFIG --version`])
  fi
  AC_MSG_RESULT([yes, `$PHP_CONFIG --version`])

  dnl The sources are beside this folder, or, in a PECL package, in it.
  roadrunner_here=`cd "$srcdir" && pwd`
  for ROADRUNNER_ROOT in "$roadrunner_here" "$roadrunner_here/.."; do
    if test -f "$ROADRUNNER_ROOT/Cargo.toml" && test -f "$ROADRUNNER_ROOT/src/lib.rs"; then
      break
    fi
  done
  if test ! -f "$ROADRUNNER_ROOT/Cargo.toml"; then
    AC_MSG_ERROR([the sources of roadrunner are not here: build within the whole repository or package])
  fi
  ROADRUNNER_ROOT=`cd "$ROADRUNNER_ROOT" && pwd`

  AC_PATH_PROG([CARGO], [cargo], [], [$PATH$PATH_SEPARATOR$HOME/.cargo/bin])
  if test -z "$CARGO"; then
    AC_MSG_ERROR([cargo was not found: install a Rust toolchain, or name it by CARGO=/path/to/cargo])
  fi
  AC_MSG_CHECKING([for Rust])
  roadrunner_needed=`sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROADRUNNER_ROOT/Cargo.toml"`
  roadrunner_rust=`cd "$ROADRUNNER_ROOT" && "$CARGO" --version 2>/dev/null | awk '{ print $[2] }'`
  if test -z "$roadrunner_rust"; then
    AC_MSG_ERROR(["$CARGO --version" fails: is there a Rust toolchain behind it?])
  fi
  if test "`printf '%s\n' "$roadrunner_needed" "$roadrunner_rust" | sort -V | head -n 1`" != "$roadrunner_needed"; then
    AC_MSG_ERROR([Rust $roadrunner_rust is too old, $roadrunner_needed or newer is needed])
  fi
  AC_MSG_RESULT([$roadrunner_rust])

  AC_MSG_CHECKING([for libclang])
  roadrunner_clang=
  for roadrunner_folder in "$LIBCLANG_PATH" "`llvm-config --libdir 2>/dev/null`" \
      /usr/lib/llvm*/lib /usr/lib/llvm/*/lib /usr/lib/*-linux-* /usr/lib64 /usr/lib /usr/local/lib; do
    for roadrunner_file in "$roadrunner_folder"/libclang.so "$roadrunner_folder"/libclang.so.* "$roadrunner_folder"/libclang-*.so*; do
      if test -n "$roadrunner_folder" && test -f "$roadrunner_file"; then
        roadrunner_clang=$roadrunner_file
      fi
    done
  done
  if test -z "$roadrunner_clang"; then
    AC_MSG_ERROR([libclang was not found: install it (Debian: libclang-dev, Alpine: clang-libclang, Fedora: clang-libs), or name its folder by LIBCLANG_PATH])
  fi
  AC_MSG_RESULT([$roadrunner_clang])

  ROADRUNNER_PGO=
  if test "$PHP_ROADRUNNER_PGO" = "yes"; then
    for roadrunner_tool in h2load openssl; do
      if ! command -v $roadrunner_tool >/dev/null; then
        AC_MSG_ERROR([--enable-roadrunner-pgo needs $roadrunner_tool, which was not found (h2load is of nghttp2)])
      fi
    done
    roadrunner_rustc=`dirname "$CARGO"`/rustc
    test -x "$roadrunner_rustc" || roadrunner_rustc=rustc
    if ! ls "`$roadrunner_rustc --print sysroot`"/lib/rustlib/*/bin/llvm-profdata >/dev/null 2>&1; then
      AC_MSG_ERROR([--enable-roadrunner-pgo needs llvm-profdata of this Rust: rustup component add llvm-tools])
    fi
    ROADRUNNER_PGO=yes
  fi

  PHP_SUBST([CARGO])
  PHP_SUBST([ROADRUNNER_PGO])
  PHP_SUBST([CARGO_FLAGS])
  PHP_SUBST([PHP_CONFIG])
  PHP_SUBST([ROADRUNNER_ROOT])
  AC_DEFINE([COMPILE_DL_ROADRUNNER], [1], [Whether roadrunner is built as a shared module])
  PHP_MODULES="$PHP_MODULES \$(phplibdir)/roadrunner.la"
  PHP_ADD_MAKEFILE_FRAGMENT([$roadrunner_here/Makefile.frag])
fi
