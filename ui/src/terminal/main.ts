import { mount } from 'svelte'
import '../look/look'
import Terminal from './Terminal.svelte'

mount(Terminal, { target: document.getElementById('page')! })
