import { mount } from 'svelte'
import '../look/look'
import { show, look } from '../look/look.svelte'
import { language, speak } from '../words/words.svelte'
import Terminal from './Terminal.svelte'

speak(language())
show(look())
mount(Terminal, { target: document.getElementById('page')! })
